# Vorlagen, in Sätzen.
menu-templates = Vorlagen
templates = Vorlagen
template-name = Vorlage
template-makes = Ergibt
template-description = Beschreibung
template-smartcard = Chipkarten
template-virtual-smartcard = Virtuelle Chipkarten
template-software = Schlüssel in Software
template-version = Version { $version }
template-counted = Karten je Version
template-of-version = Version
template-state = Zustand
template-cards = Karten
template-back = Zu den Vorlagen
template-certificates = Zertifikate
template-card = Die Karte
template-losses = Wenn etwas fehlt
template-limits = Grenzen und Fristen
template-workflows = Was beantragt werden kann
template-made-by-client = { $name }: für { $days }, mit einem Schlüssel ({ $key }), der auf der Karte oder am Rechner erzeugt wird.
template-made-by-server = { $name }: für { $days }, mit einem Schlüssel ({ $key }), den der Server erzeugt.
template-archived = Der Schlüssel wird versiegelt aufbewahrt und kann zurückgeholt werden.
template-agents-only = Der Schlüssel wird versiegelt aufbewahrt, und nur Wiederherstellungsbeauftragte können ihn öffnen.
template-attested = Die Karte muss bescheinigen, dass sie den Schlüssel erzeugt hat.
template-bears-roles = Wer sich damit anmeldet, hat die Rollen der Person, der es gehört.
template-pin-holder = Der Inhaber wählt die PIN.
template-pin-server = Die PIN schlägt der Server vor.
template-pin-random = Die PIN wird zufällig gezogen, und niemand erfährt sie.
template-pin-nobody = Die PIN bleibt, wie die Karte sie hat.
template-pin-at-least = Die PIN hat mindestens { $least } Zeichen.
template-pin-length = Die PIN hat { $least } bis { $most } Zeichen.
template-refuses-pins = PINs, die jeder erraten würde, werden abgelehnt.
template-own-admin-key = Jede Karte bekommt einen eigenen Administrationsschlüssel.
template-presence = Eine Karte zeigt, dass sie da ist, bevor sie ein Geheimnis erfährt.
template-stock-only = Nur Karten aus dem Lager werden ausgegeben.
template-initialised = Eine neue Karte wird initialisiert.
template-reused = Eine ausgemusterte Karte darf wieder verwendet werden.
template-not-reused = Eine ausgemusterte Karte wird nicht wieder verwendet.
template-reset = Eine ausgemusterte Karte wird zurückgesetzt, wo sie es kann.
template-most-certificates = { $count ->
    [one] Eine Karte hat höchstens 1 Zertifikat.
   *[other] Eine Karte hat höchstens { $count } Zertifikate.
}
template-loss-revokes-replaces = „{ $name }“: Die Zertifikate werden widerrufen ({ $reason }), und die Karte darf ersetzt werden.
template-loss-revokes = „{ $name }“: Die Zertifikate werden widerrufen ({ $reason }), und die Karte wird nicht ersetzt.
template-loss-replaces = „{ $name }“: Nichts wird widerrufen, und die Karte darf ersetzt werden.
template-loss-holds = „{ $name }“: Nichts wird widerrufen, und die Karte kann nur ausgesetzt werden.
template-most-cards = { $count ->
    [one] Eine Person hat höchstens 1 Karte.
   *[other] Eine Person hat höchstens { $count } Karten.
}
template-most-profiles = { $count ->
    [one] Eine Person hat höchstens 1 Profil.
   *[other] Eine Person hat höchstens { $count } Profile.
}
template-most-temporary = { $count ->
    [one] Eine Person hat höchstens 1 Leihkarte.
   *[other] Eine Person hat höchstens { $count } Leihkarten.
}
template-most-requests = { $count ->
    [one] Eine Person hat höchstens 1 offenen Antrag.
   *[other] Eine Person hat höchstens { $count } offene Anträge.
}
template-request-days = { $count ->
    [one] Ein Antrag, den niemand zu Ende führt, endet nach 1 Tag.
   *[other] Ein Antrag, den niemand zu Ende führt, endet nach { $count } Tagen.
}
template-holds-disabled = Die Zertifikate einer gesperrten Person sind ausgesetzt, solange sie gesperrt ist.
template-asked-by = Beantragen kann: { $names }.
template-no-approval = Braucht keine Genehmigung.
template-approved-by = { $count ->
    [one] Braucht 1 Genehmigung; genehmigen kann: { $names }.
   *[other] Braucht { $count } Genehmigungen; genehmigen kann: { $names }.
}
template-executed-by = Ausführen kann: { $names }.
template-approver-executes = Wer genehmigt hat, darf auch ausführen.
template-documents = Formulare zum Drucken: { $names }.
template-comment-may = Eine Bemerkung kann gemacht werden.
template-comment-must = Eine Bemerkung ist nötig.
template-data-must = „{ $name }“ muss angegeben werden.
template-data-may = „{ $name }“ kann angegeben werden.
template-one-time = Braucht ein Einmalpasswort; es gilt { $hours } Stunden und { $tries } Versuche lang.
template-one-time-agent = Auch wer für andere ausführt, braucht es.
template-not-revoked = Die Zertifikate davor werden nicht widerrufen.
template-revoked = Die Zertifikate davor werden widerrufen ({ $reason }).
template-revoked-later = { $count ->
    [one] Die Zertifikate davor werden nach 1 Stunde widerrufen ({ $reason }).
   *[other] Die Zertifikate davor werden nach { $count } Stunden widerrufen ({ $reason }).
}
template-disables = Die Karte davor wird außer Betrieb genommen.
template-possession = Der alte Schlüssel muss gezeigt werden, oder etwas, das für ihn steht.
template-same-card = Die neuen Zertifikate kommen auf dieselbe Karte.
template-window = { $count ->
    [one] Kann ab 1 Tag vor dem Ende beantragt werden.
   *[other] Kann ab { $count } Tagen vor dem Ende beantragt werden.
}
template-lifetime = { $count ->
    [one] Die Karte endet nach 1 Stunde.
   *[other] Die Karte endet nach { $count } Stunden.
}
template-own = die Person, für die es ist
template-group = die Gruppe { $name }
template-nobody = niemand
template-or = { $first } oder { $last }
template-to-versions = Was sich geändert hat
template-to-check = Prüfung und Datei
template-back-to = Zurück zur Vorlage
versions = Was sich an der Vorlage geändert hat
versions-known = Was die Vorlage sagt, wird aufbewahrt seit
versions-unknown = Was sie davor gesagt hat, ist nicht bekannt.
versions-none = Seither sagt sie immer dasselbe.
versions-from-to = Von Version { $before } zu Version { $now }
versions-since = In Kraft seit
versions-changes = Änderungen von Version { $before } zu Version { $now }
versions-where = Wo
versions-how = Wie
versions-before = Vorher
versions-now = Jetzt
versions-came = neu
versions-went = entfallen
versions-changed = geändert
versions-same = Keiner der Sätze hat sich geändert. Etwas anderes schon, etwa Namen in Zertifikaten, erlaubte Schlüssel oder der Text eines Formulars: Vergleichen Sie die Dateien.
versions-back = Zurück zu { $name }
check = Die Datei der Vorlage
check-found = { $count ->
    [0] Die Prüfung hat nichts gefunden, was unbeabsichtigt aussieht.
    [one] Die Prüfung hat 1 Stelle gefunden, die unbeabsichtigt aussieht.
   *[other] Die Prüfung hat { $count } Stellen gefunden, die unbeabsichtigt aussehen.
}
check-words = Die Vorlage gilt trotzdem. Was gemeint ist, steht in der Datei bei dem Schlüsselwort. Die Sätze der Prüfung sind englisch wie die Datei.
check-caption = Was unbeabsichtigt aussieht
check-line = Zeile
check-key = Schlüsselwort
check-told = Was es ist
check-file = Die Datei
check-file-text = Das ist die Datei, wie der Server sie bei seinem Start gelesen hat. Schlüssel, mit denen neue Karten geliefert werden, stehen nur für die darin, die solche Karten ausgeben.
check-take = { $name } speichern
