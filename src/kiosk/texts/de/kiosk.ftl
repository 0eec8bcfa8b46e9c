# Der Rahmen
larger-text = Größere Schrift
stop = Beenden
back = Zurück
go-on = Weiter
something-else = Etwas anderes mit dieser Karte tun
help-desk-number = Fragen? Auskunft: { $number }
help-desk-no-number = Fragen? Fragen Sie Ihre Auskunft.
warning = Sind Sie noch da? In { $seconds } Sekunden endet alles, was hier offen ist.
ends-after = Wird hier { $seconds } Sekunden lang nichts gedrückt, endet alles, was offen ist.
more-time = Ich brauche mehr Zeit
code = Code: { $code }
correlation = Vorgang: { $id }
# Wer draußen bleibt
link-used = Dieser Link ist schon benutzt
link-used-text = Er öffnet die Seite dieses Arbeitsplatzes in einem Browser, einmal. Starten Sie den Kiosk neu, um einen neuen Link zu bekommen.
other-browser = Diese Seite ist in einem anderen Browser offen
other-browser-text = Dieser Arbeitsplatz bedient den einen Browser, der mit seinem Startlink geöffnet wurde.
foreign = Nicht von hier
foreign-text = Dieser Aufruf kam von einer Seite, die nicht die dieses Arbeitsplatzes ist. Es wurde nichts getan.
no-form = Hier wird nichts getan
no-form-text = Dieser Arbeitsplatz nimmt nicht an, was gesendet wurde.
# Ohne Frage
insert = Stecken Sie Ihre Karte ein
insert-text = Stecken Sie Ihre Karte in den Leser, mit dem Chip voran, und lassen Sie sie stecken.
insert-cut = Die Karte wurde herausgenommen, bevor die Arbeit getan war. Was getan ist, ist aufgehoben: Stecken Sie dieselbe Karte wieder ein und machen Sie weiter. Wurde gerade eine neue PIN gesetzt, so hat die Karte sie vielleicht schon.
insert-what = Hier sehen Sie, wann Ihre Karte endet, wählen eine andere PIN, lassen eine vergessene neu setzen und eine Karte fertig machen.
no-reader = Der Kartenleser ist nicht zu benutzen
no-reader-text = Zurzeit kann hier nichts getan werden. Sobald der Leser wieder da ist, geht diese Seite von selbst weiter.
several = Nehmen Sie eine Karte heraus
several-text = In den Lesern stecken zwei Karten. Lassen Sie die stecken, um die es geht; solange beide stecken, geschieht mit keiner etwas.
reading = Einen Moment
reading-text = Die Karte wird gelesen. Lassen Sie sie stecken.
take = Nehmen Sie Ihre Karte
take-text = Es ist beendet. Nichts, was Sie eingegeben haben, wurde aufgehoben. Nehmen Sie Ihre Karte heraus.
take-away = Nehmen Sie Ihre Karte
take-away-text = Hier hat eine Weile niemand etwas getan, daher ist es beendet. Nichts Eingegebenes wurde aufgehoben. Nehmen Sie die Karte heraus und stecken Sie sie wieder ein, um neu zu beginnen.
at-pad = Geben Sie Ihre PIN am Leser ein
at-pad-text = Benutzen Sie die Tasten des Lesers und bestätigen Sie dort. Lassen Sie die Karte stecken.
# Die Karte
card-of = Karte von { $name }
card-empty = Diese Karte ist noch nicht in Gebrauch
card-until = Gültig bis
card-serial = Kartennummer
card-pin = PIN
card-locked = Die PIN dieser Karte ist nach zu vielen falschen Versuchen gesperrt.
card-marked = Diese Karte hat eine PIN, die niemand kennt. Sie braucht vor allem anderen eine neue.
card-unfinished = Eine Arbeit an dieser Karte wurde abgebrochen. Was getan ist, ist aufgehoben: Wählen Sie dasselbe noch einmal, dann geht es dort weiter.
until-good = gültig
until-soon = endet bald
until-over = ist abgelaufen
until-early = gilt noch nicht
clock-wrong = Nach der Uhr dieses Computers gilt die Karte noch nicht. Sagen Sie der Auskunft, dass die Uhr falsch gehen kann.
what-now = Was möchten Sie tun?
task-renew = Die Karte erneuern
task-renew-hint = Sie endet bald. Sie brauchen ihre PIN und einige Minuten.
task-logon = Meldet mich diese Karte an?
task-logon-hint = Sie wird angesehen, und wer sie ausgestellt hat, wird gefragt. Es braucht keine PIN.
task-new-card = Eine neue Karte fertig machen lassen
task-new-card-hint = Diese Karte zeigt mit ihrer PIN, wer Sie sind. Sie brauchen die neue Karte, und jemand muss sie beantragt haben.
task-old-card = Mit Ihrer alten Karte zeigen, wer Sie sind
task-old-card-hint = Sie haben eine Karte in Gebrauch, und diese soll an ihre Stelle treten oder dazukommen. Sie brauchen die PIN der alten.
task-password = Ein Einmalkennwort benutzen
task-password-hint = Sie haben eines bekommen, um eine Karte fertig machen oder eine neue PIN setzen zu lassen.
task-new-pin = Eine andere PIN wählen
task-new-pin-hint = Sie kennen die PIN, die die Karte hat.
task-pages = Mit Ihrem Konto anmelden
task-pages-hint = Sie melden sich in diesem Browser auf der Seite des Servers an, und was auf Sie wartet, wird ausgeführt.
task-telephone = Am Telefon eine neue PIN setzen
task-telephone-hint = Sie haben die PIN vergessen, oder sie ist gesperrt. Die Auskunft liest Ihnen einen Code vor.
# PINs
old-pin = Ihre PIN
old-pin-text = Geben Sie die PIN ein, die die Karte jetzt hat.
pin-label = PIN
tries-left = { $count ->
    [one] Es bleibt ein Versuch. Ist er falsch, ist die PIN gesperrt.
   *[other] Es bleiben { $count } Versuche.
}
tries-low = Es bleiben wenige Versuche.
tries-none = Es bleibt kein Versuch.
tries-untold = Die Karte sagt nicht, wie viele Versuche bleiben.
last-try-tick = Ich bin mir dieser PIN sicher. Benutzen Sie den letzten Versuch.
new-pin = Wählen Sie eine neue PIN
new-pin-label = Neue PIN
again-label = Neue PIN, noch einmal
new-pin-temporary = Diese Karte hat eine PIN, die Sie nicht gewählt haben. Wählen Sie jetzt Ihre eigene; vorher kann nichts anderes getan werden.
set-pin = Diese PIN setzen
rules = Genommen wird eine PIN, die
rule-length = { $shortest ->
   *[other] { $shortest } bis { $longest } Zeichen hat
}
rule-digits = nur aus Ziffern besteht
rule-trivial = nicht zu denen gehört, die andere zuerst raten, wie 123456 oder 111111
rule-again = Sie zweimal gleich eingeben
rule-kept = eingehalten
fault-empty = Es wurde nichts eingegeben.
fault-wrong-pin = Die PIN ist falsch.
fault-last-try = Das wäre der letzte Versuch: Es wurde nichts versucht. Kreuzen Sie das Kästchen an, wenn Sie sicher sind, oder gehen Sie zurück und lassen Sie eine neue PIN setzen.
fault-pause = { $seconds ->
    [one] Es wurde nichts versucht: Bitte warten Sie eine Sekunde und geben Sie sie dann noch einmal ein.
   *[other] Es wurde nichts versucht: Bitte warten Sie { $seconds } Sekunden und geben Sie sie dann noch einmal ein.
}
fault-length = Die PIN muss { $shortest } bis { $longest } Zeichen haben.
fault-digits = Die PIN darf nur aus Ziffern bestehen.
fault-unlike = Die beiden sind nicht gleich.
fault-trivial = Andere würden diese PIN zuerst raten. Wählen Sie eine andere.
fault-same = Das ist die PIN, die die Karte jetzt hat. Wählen Sie eine andere.
fault-not-taken = Diese PIN wird nicht genommen. Wählen Sie eine andere.
fault-not-let-in = Dieser Name und dieses Einmalkennwort gehören zu keinem Antrag, der jetzt ausgeführt werden kann. Sehen Sie nach der Schreibung; eines, das benutzt oder durch ein neueres ersetzt ist, gilt nicht mehr.
fault-over = Das ist das richtige Einmalkennwort, aber seine Zeit ist um. Lassen Sie sich ein neues geben.
# Das Telefon
telephone = Rufen Sie die Auskunft an
telephone-call = Rufen Sie { $number } an.
telephone-call-desk = Rufen Sie Ihre Auskunft an.
telephone-prove = Sagen Sie, dass Sie eine neue PIN brauchen, und zeigen Sie, wer Sie sind.
telephone-read = Lesen Sie diesen Code vor, Gruppe für Gruppe:
telephone-type = Geben Sie die Antwort ein, die man Ihnen vorliest.
answer-label = Antwort der Auskunft
answer-hint = Sechzehn Ziffern und Buchstaben von A bis F, dann zwei Ziffern. Leerzeichen und Striche sind gleich.
slip-length = Die Antwort hat { $found } Stellen, nicht { $expected }. Lassen Sie sie noch einmal vorlesen.
slip-character = Stelle { $position } der Antwort gehört nicht hinein. Lassen Sie sie noch einmal vorlesen.
slip-check = Die letzten zwei Ziffern passen nicht: Etwas wurde falsch verstanden. Lassen Sie sie noch einmal vorlesen.
slip-kind = Das ist nicht die Antwort, sondern ein anderer Code. Geben Sie ein, was die Auskunft Ihnen vorgelesen hat.
# Wer jemand ist
old-card = Stecken Sie Ihre alte Karte ein
old-card-text = Sie zeigt, wer Sie sind. Stecken Sie sie in den anderen Leser, oder nehmen Sie diese Karte heraus und stecken Sie die alte ein.
old-card-again = Diese Karte ist nicht in Gebrauch und zeigt daher nichts von Ihnen. Stecken Sie die Karte ein, die Sie bisher benutzt haben.
new-card = Stecken Sie die neue Karte ein
new-card-for = Ihre alte Karte hat gezeigt, wer Sie sind:
new-card-text = Stecken Sie die neue Karte in den anderen Leser, oder nehmen Sie die alte heraus und stecken Sie die neue ein. Sie wird sofort fertig gemacht.
new-card-again = Das ist Ihre alte Karte. Stecken Sie die neue ein.
new-card-leave = Wenn Sie nicht weitermachen, drücken Sie Beenden: Bis dahin könnte jeder für Sie eine Karte einstecken.
who = Wer sind Sie?
who-text = Geben Sie das Einmalkennwort ein, das Sie bekommen haben.
pages-text = Melden Sie sich innerhalb von zehn Minuten auf der Seite des Servers an; Sie kommen von selbst hierher zurück. Lassen Sie die Karte stecken.
pages-beware = Dort wird Ihr Browser abgemeldet, sobald Sie zurückkommen.
pages-go = Zur Seite des Servers
user-label = Ihr Benutzername oder Ihre E-Mail-Adresse
password-label = Einmalkennwort
second-label = Zweites Einmalkennwort, wenn Sie zwei bekommen haben
password-hint = Es kam mit der Post oder wurde Ihnen übergeben.
# Arbeiten
waiting = Jemand muss das genehmigen
waiting-text = Es geht von selbst weiter, sobald es genehmigt ist. Lassen Sie die Karte stecken.
waiting-who = Genehmigen können:
waiting-leave = Sie müssen hier nicht warten: Drücken Sie Beenden, nehmen Sie die Karte und kommen Sie später wieder. Nichts geht verloren.
working = In Arbeit
working-leave-in = Lassen Sie die Karte stecken.
doing-set-pin = Die neue PIN wird gesetzt.
doing-let-in = Der Server wird gefragt, wer Sie sind.
doing-judge = Die Karte wird angesehen, und wer sie ausgestellt hat, wird gefragt.
doing-prepare = Die Karte wird vorbereitet.
doing-make-key = Die Karte macht einen Schlüssel.
doing-certify = Der Server macht das Zertifikat.
doing-write = Das Zertifikat wird auf die Karte geschrieben.
doing-finish = Dem Server wird gesagt, dass alles getan ist.
doing-time = { $seconds ->
    [one] Bei der letzten Karte dieser Art dauerte das eine Sekunde.
   *[other] Bei der letzten Karte dieser Art dauerte das { $seconds } Sekunden.
}
doing-time-key = Bei manchen Karten dauert das einige Minuten.
doing-time-short = Das dauert einige Sekunden.
logon = Meldet mich diese Karte an?
verdict-good = gut:
verdict-untold = nicht gefragt:
verdict-attention = bitte ansehen:
verdict-bad = nicht gut:
ask-server = Auch den Server fragen
ask-server-hint = Der Server und sein Verzeichnis wissen mehr über Sie als dieser Arbeitsplatz. Sie werden gefragt, sobald Sie mit Ihrer PIN gezeigt haben, wessen Karte das ist.
logon-good = Ja, soweit es sich hier zeigt.
logon-attention = Ja, aber etwas sollte nicht so bleiben.
logon-bad = Nein.
done = Fertig
done-pin-changed = Die Karte hat die neue PIN.
done-unblocked = Die Karte hat die neue PIN. Sagen Sie der Auskunft, dass es geklappt hat.
done-enrolled = Ihre Karte ist fertig. Die PIN, die Sie gewählt haben, gilt sofort.
done-renewed = Ihre Karte ist erneuert. Die PIN ist dieselbe.
done-take = Nehmen Sie Ihre Karte.
trouble = Das ging nicht
look-again = Die Karte noch einmal ansehen
