# Eine Karte, ihr Leben, was für sie beantragt wird; eine Person; eine vermisste Karte; jemand scheidet aus.
card-of-number = Karte { $number }
card-of = Karte von { $name }
card-held-by = Inhaber
card-template = Vorlage
card-version = Version { $version }
card-role = Rolle
card-beside = Leihkarte neben
card-beside-link = einer anderen Karte derselben Person
card-admin-key = Administrationsschlüssel
admin-key-default = der, mit dem solche Karten geliefert werden
admin-key-proposed = ihr eigener ist unterwegs; die Karte hat ihn nicht bestätigt
admin-key-active = ihr eigener
card-atr = Antwort auf Reset (ATR)
card-model = Modell
card-firmware = Firmware
card-assigned-as = Name bei der Zuweisung
printed-attested = vom Hersteller bescheinigt
printed-stock = aus der Liste der Karten im Lager
printed-client = wie der Rechner sagte, der sie ausgestellt hat
role-primary = erste Karte
role-duplicate = zweite Karte neben der ersten
role-temporary = Leihkarte
role-escrow = hält Schlüssel einer anderen Person
role-superseded = eine andere Karte trat an ihre Stelle
role-reused = war schon früher in Gebrauch
role-none = keine mehr
card-acts = Was Sie tun können
card-open = Offene Anträge
card-life = Ihr Leben
card-back = Zurück zur Karte
certificate-serial = Seriennummer
certificate-subject = Inhaber und Art
certificate-ends = Läuft ab
certificate-state = Zustand
certificate-earlier = von früher, um damals Verschlüsseltes zu lesen
standing-counts = gilt
standing-not-yet = gilt später
standing-hold = ausgesetzt
standing-revoked-from = gilt, bis es widerrufen wird
standing-revoked = widerrufen
standing-expired = abgelaufen
standing-unknown = nicht bekannt
attestation = Was die Karte bescheinigt
attestation-link = Was die Karte bescheinigt
attestation-none = Die Karte hat zu diesem Schlüssel nichts bescheinigt, oder das Zertifikat ist nicht bekannt.
attestation-proof = Beweis
attestation-proven = stammt von einem Hersteller, den die Vorlage nennt: Der Schlüssel wurde auf der Karte erzeugt und kann sie nicht verlassen
attestation-unproven = niemand hat es geprüft
attestation-device = Seriennummer der Karte
attestation-untold = nicht gesagt
attestation-pem = Zertifikat { $number } der Bescheinigung (PEM)
life-title = Das Leben der Karte
life-description = Ein Bild über die Zeit, vom ersten Antrag bis zum Ende des letzten Zertifikats: der Zustand der Karte, ihre Zertifikate, die Anträge dazu, und wer etwas getan hat. Die Tabelle darunter sagt dasselbe.
life-state = Zustand
life-certificates = Zertifikate
life-requests = Anträge
life-people = Personen
life-open = offen
ask-unblock = Entsperren
ask-telephone = Am Telefon entsperren
ask-suspend = Aussetzen
ask-reinstate = Wieder einsetzen
ask-replace = Ersetzen
ask-renew = Verlängern
ask-update = Aktualisieren
ask-revoke = Widerrufen
ask-retire = Ausmustern
ask-unblock-what = Der Inhaber bekommt eine neue PIN, an einem Rechner mit der Karte im Leser. Die Zertifikate bleiben, wie sie sind.
ask-telephone-what = Der Inhaber liest einen Code vom Bildschirm vor, und Sie lesen ihm die Antwort vor. Die Zertifikate bleiben, wie sie sind.
ask-suspend-what = { $count ->
    [one] 1 Zertifikat wird ausgesetzt, bis die Karte wieder eingesetzt wird.
   *[other] { $count } Zertifikate werden ausgesetzt, bis die Karte wieder eingesetzt wird.
}
ask-reinstate-what = { $count ->
    [one] 1 Zertifikat gilt wieder.
   *[other] { $count } Zertifikate gelten wieder.
}
ask-replace-what = Der Inhaber bekommt eine andere Karte an Stelle dieser. Schlüssel, die der Server aufbewahrt, kommen auf sie zurück.
ask-renew-what = Die Karte bekommt neue Zertifikate, bevor die alten ablaufen.
ask-update-what = Die Karte bekommt neue Zertifikate, weil sich die Vorlage geändert hat.
ask-revoke-what = Die Karte kann nicht mehr verwendet werden. Von ihr wird nichts entfernt.
ask-retire-what = Die Karte wird ausgemustert. Steckt sie in einem Leser, werden ihre Schlüssel von ihr entfernt.
ask-title = { $card }: { $what }
ask-happens = Was geschehen wird
ask-for-good = Das lässt sich nicht zurücknehmen.
ask-reason = Warum?
ask-comment-hint = Wer später den Verlauf ansieht, liest sie.
ask-comment-missing = Sagen Sie, warum: Die Vorlage will eine Bemerkung.
ask-not = Nichts tun
ask-not-now = Das können Sie jetzt nicht beantragen. Es passt nicht zum Zustand der Karte, oder es steht Ihnen nicht zu.
ask-open = Das ist schon offen:
ask-made = Der Antrag ist gestellt, wurde aber nicht ausgeführt
ask-not-carried-out = Der Antrag bleibt bestehen. An der Karte hat sich noch nichts geändert.
ask-to-request = Zum Antrag
done-asked = Der Antrag ist gestellt.
done-card-suspend = Die Karte ist ausgesetzt.
done-card-reinstate = Die Karte ist wieder in Gebrauch.
done-card-revoke = Die Karte ist widerrufen.
reason-none = Kein Verlust
agree-at-once = Es wird sofort getan.
agree-nobody = Niemand muss es genehmigen.
agree-approvals = { $count ->
    [one] Vorher ist eine Genehmigung nötig, durch: { $by }
   *[other] Vorher sind { $count } Genehmigungen nötig, durch: { $by }
}
agree-password = An der Karte ist ein Einmalpasswort nötig.
agree-card = Ausgeführt wird es mit der Karte im Leser.
fate-revoked = { $count ->
    [0] Es gibt kein Zertifikat zu widerrufen.
    [one] 1 Zertifikat wird endgültig widerrufen: { $why }.
   *[other] { $count } Zertifikate werden endgültig widerrufen: { $why }.
}
fate-revoked-later = { $count ->
    [0] Es gibt kein Zertifikat zu widerrufen.
    [one] 1 Zertifikat wird nach { $hours } Stunden endgültig widerrufen: { $why }.
   *[other] { $count } Zertifikate werden nach { $hours } Stunden endgültig widerrufen: { $why }.
}
fate-kept = { $count ->
    [0] Es wird kein Zertifikat widerrufen.
    [one] 1 Zertifikat wird nicht widerrufen; es gilt, bis es abläuft.
   *[other] { $count } Zertifikate werden nicht widerrufen; sie gelten, bis sie ablaufen.
}
fate-unknown = Was aus den Zertifikaten wird, sagt die Vorlage.
fate-by-reason = Was aus den Zertifikaten wird, steht unten bei jedem Grund.
reason-unspecified = kein Grund genannt
reason-keycompromise = jemand anders kann den Schlüssel haben
reason-cacompromise = der Zertifizierungsstelle ist nicht zu trauen
reason-affiliationchanged = die Person ist ausgeschieden oder hat eine andere Aufgabe
reason-superseded = durch ein anderes ersetzt
reason-cessationofoperation = nicht mehr gebraucht
reason-certificatehold = ausgesetzt
reason-removefromcrl = nicht mehr ausgesetzt
reason-privilegewithdrawn = das Recht wurde entzogen
reason-aacompromise = der Stelle für Attribute ist nicht zu trauen
loss-lost = Verloren
loss-stolen = Gestohlen
loss-damaged = Beschädigt
loss-forgotten = Vergessen, zum Beispiel zu Hause
lost-link = Als vermisst melden
lost-title = { $card } wird vermisst
lost-text = Es wurde noch nichts getan. Wählen Sie, warum die Karte vermisst wird; bei jedem Grund steht, was aus ihr wird.
lost-why = Warum wird sie vermisst?
lost-by-template = Was aus der Karte wird, sagt ihre Vorlage: Sie wird sofort widerrufen oder ausgesetzt.
lost-disabled = Die Karte kann nicht mehr verwendet werden; eine andere kann an ihre Stelle treten.
lost-held = { $count ->
    [one] 1 Zertifikat wird sofort ausgesetzt. Findet sich die Karte wieder, gilt es wieder.
   *[other] { $count } Zertifikate werden sofort ausgesetzt. Findet sich die Karte wieder, gelten sie wieder.
}
lost-waits = Dass sie endgültig widerrufen werden, wird beantragt und wartet auf eine Genehmigung.
lost-not-yours = Sie können die Karte sehen, aber nicht als vermisst melden. Das können ihr Inhaber und wer sie aussetzen oder widerrufen darf, etwa der Helpdesk.
lost-closes = Diese Anträge sind offen. Die ohne die Karte nicht ausgeführt werden können, werden geschlossen:
lost-comment-hint = Zum Beispiel, wo und wann sie zuletzt gesehen wurde.
lost-report = Als vermisst melden
lost-now = { $revoked ->
    [0] Kein Zertifikat ist widerrufen,
    [one] 1 Zertifikat ist widerrufen,
   *[other] { $revoked } Zertifikate sind widerrufen,
} { $held ->
    [0] keines ist ausgesetzt.
    [one] 1 ist ausgesetzt.
   *[other] { $held } sind ausgesetzt.
}
lost-waiting = Das wartet auf eine Genehmigung:
lost-next = Wie es weitergeht
lost-next-replace = Der Inhaber kann eine andere Karte an ihrer Stelle bekommen.
lost-next-found = Findet sich die Karte wieder, kann sie wieder eingesetzt werden.
lost-next-desk = Der Helpdesk oder die Ausgabestelle kann für den Inhaber eine andere Karte beantragen.
lost-next-own = Sie brauchen eine andere Karte: Gehen Sie zur Ausgabestelle, oder rufen Sie den Helpdesk an. Dort wird sie für Sie beantragt; wie weit es damit ist, steht auf der Seite Meine Sachen.
lost-next-asked = Eine andere Karte ist schon beantragt:
lost-again = Sie findet sich nicht: noch einmal melden
done-lost-revoked = Gemeldet: Die Karte ist endgültig widerrufen.
done-lost-suspended = Gemeldet: Die Karte ist ausgesetzt.
done-lost-asked = Gemeldet: An der Karte hat sich noch nichts geändert, ihr Widerruf wartet auf eine Genehmigung.
done-lost-ended = Die Karte war schon nicht mehr in Gebrauch; es hat sich nichts geändert.
done-lost-other = Gemeldet.
name-confirm = Geben Sie zur Bestätigung den Namen der Person ein
name-confirm-hint = Er lautet: { $name }
name-other = Das ist nicht der Name der Person. Es wurde nichts getan.
person-state = Konto
person-name = Name
person-upn = UPN
person-email = E-Mail
person-sid = Sicherheits-ID (SID)
person-groups = Gruppen
person-open = Offene Anträge
cards-now = Karten jetzt
cards-before = Karten früher
leave-link = Die Person scheidet aus
leave-title = { $name } scheidet aus
leave-text = Es wurde noch nichts getan. Das ist alles, was die Person hier hat, und was daraus wird. Es endet alles zusammen oder gar nichts.
leave-ends = Was endet
leave-ended = Was beendet wurde
leave-kept = Was bleibt
leave-what = Was
leave-which = Welches
leave-fate = Was daraus wird
leave-do = Alles beenden
leave-back = Zur Person
leave-left = Die Person ist ausgeschieden: Es gibt nichts mehr zu beenden.
leave-done = { $name } ist ausgeschieden. Das wurde beendet:
leave-changed = Die Person hat hier inzwischen anderes, als Sie gesehen haben. Es wurde nichts beendet. Sehen Sie es noch einmal durch, und geben Sie den Namen noch einmal ein.
leaving-account = Konto
leaving-card = Karte
leaving-lent = Leihkarte
leaving-profile = Zertifikate ohne Karte
leaving-certificate = Zertifikat
leaving-request = Antrag
leaving-token = Zugangstoken
leaving-session = Sitzung
leaving-identity = Anmeldung anderswo
fate-will-disabled = wird gesperrt
fate-will-revoked = wird widerrufen
fate-will-closed = wird geschlossen
fate-was-disabled = gesperrt
fate-was-revoked = widerrufen
fate-was-closed = geschlossen
fate-stays = bleibt
