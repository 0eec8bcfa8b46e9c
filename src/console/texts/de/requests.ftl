# Die Liste der Anträge und ein Antrag.
queue = Anträge
queue-caption = Anträge
queue-count = { $count ->
    [one] 1 Antrag
   *[other] { $count } Anträge
}
queue-goes-on = auf dieser Seite; weitere auf der nächsten.
queue-to-decide = { $count ->
    [0] Keiner wartet auf Ihre Entscheidung.
    [one] 1 wartet auf Ihre Entscheidung.
   *[other] { $count } warten auf Ihre Entscheidung.
}
queue-waiting = { $count ->
    [0] Keiner wartet auf eine Entscheidung.
    [one] 1 wartet auf eine Entscheidung.
   *[other] { $count } warten auf eine Entscheidung.
}
queue-or-more = Es können mehr sein: Weiter wird nicht gezählt.
queue-state = Welche
queue-all = alle
queue-show = Zeigen
queue-person = Für wen
queue-what = Was
queue-asks = Beantragt von
queue-age = Alter
queue-approvals = Genehmigungen
queue-due = Endet
queue-choose = Wählen
queue-choose-one = Den Antrag für { $name } wählen
queue-check = Gewählte prüfen und genehmigen
queue-check-title = Prüfen Sie vor dem Genehmigen
queue-check-text = Es ist noch nichts entschieden. Sehen Sie jeden Antrag durch, und genehmigen Sie dann alle zusammen.
queue-approve = { $count ->
    [one] 1 Antrag genehmigen
   *[other] { $count } Anträge genehmigen
}
queue-back = Zurück zu den Anträgen
queue-none-chosen = Es wurde kein Antrag gewählt. Kreuzen Sie die an, die Sie genehmigen wollen.
queue-approved-title = Genehmigt
queue-approved = { $count ->
    [one] 1 Antrag ist genehmigt.
   *[other] { $count } Anträge sind genehmigt.
}
queue-not-approved = Nicht genehmigt
k-of-n = { $given } von { $needed }
k-of-n-long = { $given } von { $needed } Genehmigungen sind erteilt.
may-still = Noch genehmigen können:
request-title = { $what } für { $name }
request-state = Stand
request-for = Für wen
request-by = Beantragt von
request-when = Beantragt am
request-template = Vorlage
request-ends = Endet von selbst
request-obstacle = Kann nicht mehr genehmigt werden
request-brings = Was er bewirken würde
request-cards = Karten dieser Person
decisions = Entscheidungen
decision-who = Wer
decision-what = Entscheidung
decision-when = Wann
decision-approved = genehmigt
decision-denied = abgelehnt
decide = Entscheiden
approve = Genehmigen
deny = Ablehnen
deny-why = Sagen Sie in der Bemerkung, warum Sie ablehnen; wer den Antrag gestellt hat, erfährt es.
cancel = Den Antrag zurückziehen
done-approved = Genehmigt.
done-denied = Abgelehnt. Wer den Antrag gestellt hat, erfährt den Grund.
done-canceled = Der Antrag ist zurückgezogen.
approved-hand-over = Genehmigt: Geben Sie das weiter
hand-over-text = Das Einmalpasswort wird nur jetzt gezeigt. Geben Sie es der Person persönlich; es wird an der Karte gebraucht.
hand-over-done = Ich habe es weitergegeben
request-changed = Die Vorlage dieses Antrags wurde geändert, seit Sie die Seite geöffnet haben. Es wurde nichts entschieden, und Ihre Bemerkung ist noch da: Sehen Sie nach, was der Antrag jetzt bewirkt, und entscheiden Sie dann.
told-nobody = Niemand bekommt eine E-Mail, dass er wartet: Sagen Sie es selbst jemandem, der genehmigen darf.
told-count = { $count ->
    [one] 1 Person, die genehmigen darf, bekommt eine E-Mail, dass er wartet.
   *[other] { $count } Personen, die genehmigen dürfen, bekommen eine E-Mail, dass er wartet.
}
told-names = Eine E-Mail, dass er wartet, bekommen:
brings-Enroll = Eine erste Karte mit neuen Schlüsseln.
brings-Duplicate = Eine zweite Karte neben der, die es gibt.
brings-TemporaryCards = Eine Leihkarte, die von selbst endet.
brings-Renew = Neue Schlüssel und Zertifikate anstelle derer, die es gibt.
brings-OnlineUpdate = Neue Schlüssel und Zertifikate auf derselben Karte, wie die Vorlage sie jetzt vorsieht.
brings-Recover = Eine Karte anstelle einer verlorenen oder beschädigten, mit ihren aufbewahrten Schlüsseln.
brings-RecoverOnBehalf = Die aufbewahrten Schlüssel einer anderen Person: Was für sie verschlüsselt wurde, kann damit gelesen werden.
brings-Unblock = Eine neue PIN auf der Karte.
brings-OfflineUnblock = Eine neue PIN auf der Karte, durch Codes, die vorgelesen werden.
brings-Reinstate = Die Karte wird ausgesetzt oder gilt wieder.
brings-Revoke = Die Karte wird außer Betrieb genommen, und ihre Zertifikate werden widerrufen.
brings-Retire = Die Karte wird geleert und ausgemustert, und ihre Zertifikate werden widerrufen.
