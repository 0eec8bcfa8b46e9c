# Beantragen, was mit einem Antrag noch geschieht, der Helpdesk, und das Eigene.
menu-new = Neuer Antrag
menu-help-desk = Helpdesk
menu-mine = Meine Sachen
new-step = Neuer Antrag: Frage { $at } von { $of }
new-whom = Für wen?
new-myself = Für mich
new-other = Für jemand anderen
new-whom-name = Name
new-whom-hint = Die ersten Buchstaben des Namens, oder UPN oder E-Mail-Adresse.
new-find = Suchen
new-found = Hier gefundene Personen
new-found-count = { $count ->
    [0] Niemand wurde gefunden. Versuchen Sie weniger Buchstaben oder den Anfang eines anderen Namens.
    [one] 1 Person wurde gefunden.
   *[other] { $count } Personen wurden gefunden.
}
new-names = UPN, E-Mail-Adresse
new-disabled = gesperrt
new-elsewhere = Im Verzeichnis gefundene Personen, die hier noch kein Konto haben
new-department = Abteilung
new-take = Übernehmen
new-take-over = { $name } übernehmen und weiter
new-more-elsewhere = Das Verzeichnis hat mehr davon; geben Sie mehr vom Namen ein.
new-what = Was wird beantragt?
new-what-for = Für { $name }
new-what-missing = Wählen Sie, was beantragt wird.
new-nothing = Für { $name } können Sie hier nichts beantragen. Ihre Administration weiß, wer es darf.
new-go-on = Weiter
new-other-person = Für eine andere Person
new-first-card = Neue Karte: { $name }
new-first-profile = Neues Zertifikat: { $name }
new-profile = Neues Zertifikat
new-of-card = Auf der Karte { $name }.
new-of-card-printed = Auf der Karte { $name }, Nummer { $printed }.
new-why-Renew = Neue Zertifikate, bevor die jetzigen enden.
new-why-OnlineUpdate = Neue Zertifikate, weil sich die Vorlage geändert hat.
new-why-Unblock = Eine neue PIN, an einem Rechner mit der Karte im Leser.
new-why-OfflineUnblock = Eine neue PIN, mit Codes, die am Telefon vorgelesen werden.
new-why-Recover = Eine andere Karte an ihrer Stelle, wenn sie verloren oder kaputt ist.
new-why-Duplicate = Eine zweite Karte daneben.
new-why-TemporaryCards = Eine Leihkarte daneben, für eine Weile.
new-details = Weitere Angaben
new-for = für
new-comment-why = Wer entscheidet, liest sie: Sagen Sie, wozu es gebraucht wird.
new-comment-missing = Hier ist eine Bemerkung nötig: Sagen Sie, warum es beantragt wird.
new-priority = Priorität
new-priority-hint = Von 0, was zuerst drankommt, bis 255.
new-priority-wrong = Die Priorität ist eine ganze Zahl von 0 bis 255.
new-check = Vor dem Senden prüfen
new-back = Zurück
new-checked = Prüfen, dann senden
new-send = Den Antrag senden
new-send-another = Trotzdem senden
new-change = Die Antworten ändern
new-other-what = Etwas anderes beantragen
new-refused = Das würde abgelehnt
new-refused-text = Es wurde nichts gesendet. Würde es gesendet, sagte der Server:
new-open = { $count ->
    [one] Ein Antrag auf dasselbe ist schon offen. Machen Sie mit ihm weiter, oder ziehen Sie ihn zurück; senden Sie diesen nur, wenn beide gewollt sind.
   *[other] { $count } Anträge auf dasselbe sind schon offen. Machen Sie mit einem davon weiter, oder ziehen Sie sie zurück; senden Sie diesen nur, wenn alle gewollt sind.
}
new-approvals = { $count ->
    [0] Niemand muss ihn genehmigen: Er kann ausgeführt werden, sobald er gesendet ist.
    [one] Eine Genehmigung ist nötig, bevor er ausgeführt wird.
   *[other] { $count } Personen müssen ihn genehmigen, bevor er ausgeführt wird.
}
new-password = An der Karte wird ein Einmalpasswort gebraucht; es kommt, sobald der Antrag genehmigt ist.
may-approve = Genehmigen können:
principal-group = Gruppe { $name }
item-choose = Wählen Sie
item-not-kept = Die Angabe wird geprüft und nicht aufbewahrt.
item-at-most = Höchstens { $most } Zeichen.
item-from-to = Von { $least } bis { $most } Zeichen.
item-number-any = Eine Zahl.
item-number-least = Eine Zahl, { $least } oder mehr.
item-number-most = Eine Zahl, { $most } oder weniger.
item-number-between = Eine Zahl von { $least } bis { $most }.
item-date-any = Ein Tag, etwa 2026-01-31.
item-date-least = Ein Tag, { $least } oder später.
item-date-most = Ein Tag, { $most } oder früher.
item-date-between = Ein Tag von { $least } bis { $most }.
item-missing = { $name } fehlt.
item-hidden = { $name } enthält ein unsichtbares Zeichen; geben Sie es neu ein.
item-choice = { $name }: Wählen Sie aus der Liste.
item-number = { $name } muss eine Zahl sein.
item-date = { $name } muss ein Tag sein, etwa 2026-01-31.
item-email = { $name } muss eine E-Mail-Adresse sein, etwa name@example.com.
item-outside = { $name } liegt außerhalb dessen, was angenommen wird.
item-length = { $name } hat { $found } Zeichen; angenommen werden { $least } bis { $most }.
item-pattern = { $name } hat nicht die gewünschte Form.
item-refused = { $name } wurde nicht angenommen; beachten Sie, was daneben steht.
pattern-in-order = In dieser Reihenfolge: { $parts }.
pattern-itself = Es muss zum Muster { $pattern } passen.
pattern-text = „{ $text }“
pattern-exactly = genau { $least } { $what }
pattern-at-most = höchstens { $most } { $what }
pattern-from-to = { $least } bis { $most } { $what }
pattern-at-least = mindestens { $least } { $what }
pattern-any = beliebig viele { $what }
pattern-digits = { $count ->
    [one] Ziffer
   *[other] Ziffern
}
pattern-capitals = { $count ->
    [one] Großbuchstabe von A bis Z
   *[other] Großbuchstaben von A bis Z
}
pattern-small = { $count ->
    [one] Kleinbuchstabe von a bis z
   *[other] Kleinbuchstaben von a bis z
}
pattern-letters = { $count ->
    [one] Buchstabe von A bis Z
   *[other] Buchstaben von A bis Z
}
pattern-capitals-digits = { $count ->
    [one] Großbuchstabe oder Ziffer
   *[other] Großbuchstaben oder Ziffern
}
pattern-letters-digits = { $count ->
    [one] Buchstabe oder Ziffer
   *[other] Buchstaben oder Ziffern
}
pattern-hexadecimal = { $count ->
    [one] Ziffer oder Buchstabe von A bis F
   *[other] Ziffern oder Buchstaben von A bis F
}
done-request-made = Der Antrag ist gestellt. Wie es weitergeht, steht unten.
done-collected = Was fehlte, ist jetzt da.
done-password-sent = Ein neues Einmalpasswort ist unterwegs. Das vorige gilt nicht mehr.
ahead = Wie es weitergeht
ahead-decision = { $count ->
    [0] Er wartet auf seine Entscheidung.
    [one] Noch eine Genehmigung ist nötig.
   *[other] Noch { $count } Genehmigungen sind nötig.
}
ahead-missing = Noch von anderen anzugeben:
ahead-ends = Macht niemand weiter, endet er von selbst am
ahead-give = Noch von Ihnen anzugeben
ahead-send = Senden
ahead-telephone = Der Helpdesk beantwortet den Code, den die Person vorliest.
ahead-desk = Die Ausgabestelle führt ihn aus, mit der Karte im Leser.
ahead-you = Sie führen ihn aus, mit Ihrer Karte im Leser eines Rechners, auf dem cardwright installiert ist, oder an einer Ausgabestelle.
ahead-person = { $name } führt ihn mit der Karte im Leser aus, oder die Ausgabestelle tut es.
ahead-command = Der Befehl dafür:
ahead-password = Einmalpasswort
ahead-password-text = Es wird an der Karte verlangt, bevor dort etwas geschieht.
ahead-password-old = Ist es verloren oder kam es nie an, lassen Sie ein neues erzeugen. Das vorige gilt dann nicht mehr.
ahead-password-new = Ein neues Einmalpasswort erzeugen
password-hand-over = Geben Sie das neue Einmalpasswort weiter
documents = Formulare des Antrags
documents-link = { $count ->
    [one] 1 Formular zum Drucken und Unterschreiben
   *[other] { $count } Formulare zum Drucken und Unterschreiben
}
documents-back = Zurück zum Antrag
mine = Meine Sachen
mine-cards = Meine Karten
mine-what-to-do = Was zu tun ist
mine-nothing = Nichts.
mine-renew = Verlängern Sie sie: an einem Kiosk oder einer Ausgabestelle, oder mit der Karte in Ihrem Leser mit
mine-finish = Lassen Sie sie an einem Kiosk oder einer Ausgabestelle fertigstellen.
mine-suspended = Sie ist ausgesetzt und funktioniert zurzeit nicht. Bitten Sie den Helpdesk, sie wieder einzusetzen.
mine-lost = Verloren oder gestohlen?
mine-soon = endet bald
mine-ended = abgelaufen
mine-ask = Etwas beantragen
mine-requests = Meine Anträge
mine-decides = Genehmigen können noch
mine-more = Alle Anträge
mine-certificates = Meine Zertifikate
mine-certificate = Zertifikat
mine-serial = Seriennummer
mine-ends = Endet
card-holder-name = Inhaber
help-desk = Helpdesk: am Telefon entsperren
help-desk-text = Für jemanden, dessen PIN gesperrt ist und der anrufen, aber nicht kommen kann. Suchen Sie die Karte, die der Anrufer hat.
help-desk-who = Wer ruft an?
help-desk-find = Die Karte suchen
help-desk-count = { $count ->
    [0] Keine Karte wurde gefunden. Versuchen Sie weniger Buchstaben des Namens oder die Nummer auf der Karte.
    [one] 1 Karte
   *[other] { $count } Karten
}
help-desk-cards = Karten der gefundenen Personen
help-desk-for = { $name } ruft an
help-desk-to = Zum Helpdesk
help-desk-open = Zu dieser Karte wurde schon ein Gespräch begonnen:
help-desk-ask = Das Gespräch
help-desk-step-proof = Stellen Sie nach Ihren Regeln fest, wer anruft: Wer die Antwort hört, kann die PIN setzen.
help-desk-step-command = Der Anrufer steckt die Karte in den Leser und tippt
help-desk-step-code = Lassen Sie den Code, der dann erscheint, Gruppe für Gruppe vorlesen, und geben Sie ihn hier ein.
help-desk-code = Vorgelesener Code
help-desk-code-hint = Vier Gruppen aus vier Ziffern oder Buchstaben von A bis F, dann zwei Ziffern. Der Bildschirm von Windows selbst zeigt nur die sechzehn. Leerzeichen und Striche spielen keine Rolle.
help-desk-comment = Steht im Protokoll, etwa woran Sie den Anrufer erkannt haben.
help-desk-answer = Die Antwort zeigen
help-desk-typed = Der Code, wie Sie ihn eingegeben haben, zum Zurücklesen
help-desk-not = Am Telefon lässt sich hier keine PIN setzen: Die Vorlage der Karte erlaubt es nicht, die Karte ist nicht in Gebrauch, oder Sie sind dafür nicht zuständig.
help-desk-unchecked = Dieser Code hat keine Prüfziffern: Eine falsch gehörte Ziffer fällt hier nicht auf und kostet die Karte einen Versuch. Lesen Sie alle sechzehn zurück, bevor Sie weitergehen.
help-desk-repeated = Alle sechzehn stimmen: die Antwort zeigen
help-desk-again = Ein anderer Code
help-desk-other = Ein anderes Gespräch ist noch offen
help-desk-other-text = Ein früheres Gespräch zu dieser Karte hat einen anderen Code beantwortet, und ein Antrag beantwortet nur einen Code. Ist es beendet, wird dieser Code von einem eigenen Antrag beantwortet. Die Antwort des früheren Gesprächs kann an der Karte noch gelten.
help-desk-end = Das frühere Gespräch beenden und die Antwort zeigen
help-desk-answered = Lesen Sie die Antwort vor
help-desk-read = Lesen Sie { $name } die Antwort Gruppe für Gruppe vor, und lassen Sie jede Gruppe wiederholen. Sie wird nur jetzt gezeigt.
help-desk-told = Die Antwort
help-desk-guarded = Die letzten zwei Ziffern sichern die anderen: Ein Fehler wird dem Anrufer gesagt, bevor die Karte berührt wird.
help-desk-unguarded = Keine Prüfziffern sichern diese Antwort: Ein Fehler kostet die Karte einen Versuch.
help-desk-tries = Eine Antwort, die die Karte ablehnt, kostet sie einen ihrer wenigen Versuche, und eine Karte ohne Versuche lässt sich nicht mehr entsperren. Der Bildschirm des Anrufers sagt, wie viele bleiben: Beginnen Sie nach einer Ablehnung mit einem neuen Code.
help-desk-heard = Die Antwort auf den Code
help-desk-then = Wenn der Anrufer eine neue PIN hat
help-desk-complete = Die neue PIN ist gesetzt: den Antrag abschließen
done-unblocked = Fertig: Die neue PIN ist gesetzt, und der Antrag ist abgeschlossen.
help-slip-none = Geben Sie den Code ein, den der Anrufer vorliest.
help-slip-length = Der Code hat { $found } Stellen, nicht { $expected }: vier Gruppen zu vier, dann zwei. Sehen Sie nach, welche Gruppe zu kurz oder zu lang ist.
help-slip-digit = Gruppe { $group }, Stelle { $digit }: { $found } ist weder eine Ziffer noch ein Buchstabe von A bis F. Lassen Sie diese Gruppe wiederholen.
help-slip-check-digit = Die letzte Gruppe, Stelle { $digit }: { $found } ist keine Ziffer. Lassen Sie die letzten zwei Ziffern wiederholen.
help-slip-check = Eine Ziffer ist falsch, oder zwei sind vertauscht: Die letzten zwei Ziffern passen nicht. Lesen Sie die Gruppen einzeln zurück. Es ist noch nichts verbraucht.
help-slip-answer = Das ist eine Antwort und nicht der Code der Karte. Lassen Sie den Code vorlesen, den der Bildschirm des Anrufers zuerst zeigt.
help-slip-card = Dieser Code kommt von einer anderen Karte. Lassen Sie ihn noch einmal vorlesen, oder nehmen Sie die Karte, die der Anrufer wirklich hat. Der Antrag bleibt.
spell-group = Gruppe
spell-digits = Stellen
spell-words = Buchstabiert
spell-list = Buchstabiertafel
spell-0 = null
spell-1 = eins
spell-2 = zwo
spell-3 = drei
spell-4 = vier
spell-5 = fünf
spell-6 = sechs
spell-7 = sieben
spell-8 = acht
spell-9 = neun
spell-a = Aachen
spell-b = Berlin
spell-c = Chemnitz
spell-d = Düsseldorf
spell-e = Essen
spell-f = Frankfurt
new-changed = Die Vorlage „{ $name }“ wurde geändert, seit Sie dieses Formular geöffnet haben. Es wurde nichts gesendet, und was Sie eingegeben haben, ist noch da: Sehen Sie nach, was jetzt gefragt ist, und prüfen Sie es noch einmal.
new-left = Danach wird nicht mehr gefragt; es wird weggelassen:
new-gone = Was Sie beantragen wollten, gibt es nicht mehr, denn die Vorlage wurde geändert, seit Sie dieses Formular geöffnet haben. Es wurde nichts gesendet. Das haben Sie eingegeben:
