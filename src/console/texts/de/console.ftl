# Der Rahmen, der Eingang, und was nicht gezeigt oder getan werden kann.
menu-home = Start
menu-requests = Anträge
menu-search = Suche
sign-in = Anmelden
sign-in-issuer = Mit dem Konto Ihrer Organisation anmelden
sign-in-ticket = Mit dem Windows- oder Kerberos-Konto anmelden
sign-in-certificate = Mit Ihrer Karte anmelden
sign-in-code = Einmalcode
sign-in-code-hint = Aus dem Anmeldelink, den eine Administratorin oder ein Administrator Ihnen gegeben hat. Er gilt einmal.
sign-in-with-code = Mit dem Code anmelden
signed-out = Sie sind abgemeldet.
no-ticket = Ihr Browser hat kein Ticket gezeigt
no-ticket-text = Er muss Ihr Windows- oder Kerberos-Konto an dieser Adresse verwenden dürfen, und Sie müssen mit dem Konto angemeldet sein. Fragen Sie Ihre Administration.
no-ticket-here = Hierfür werden Sie gebraucht, nicht nur Ihr Rechner: Wer sich in Ihrer Abwesenheit daran setzt, hat auch Ihr Windows- oder Kerberos-Konto.
not-signed-in = Sie sind nicht angemeldet
other-way = Anders anmelden
session-ended = Ihre Sitzung ist zu Ende; was Sie eingegeben haben, ist noch da
prove-again = Bitte zeigen Sie noch einmal, wer Sie sind
prove-again-text = Dafür darf die Anmeldung höchstens fünf Minuten alt sein. Es wurde nichts getan.
kept-text = Es wurde nichts getan, und nichts, was Sie eingegeben haben, ist verloren: Es bleibt auf dieser Seite.
kept-first = Melden Sie sich an; das öffnet sich neben dieser Seite.
kept-then = Kommen Sie auf diese Seite zurück, und senden Sie das Formular noch einmal.
send-again = Noch einmal senden
go-on = Weiter
one-moment = Einen Augenblick
go-home = Zur Startseite
no-page = Diese Seite gibt es nicht
no-page-text = Die Adresse ist vielleicht falsch geschrieben, oder das, worum es dort ging, gibt es nicht mehr.
no-form = Es wurde nichts getan
no-form-text = Diese Seite nimmt kein solches Formular an.
form-not-taken = Das Formular wurde nicht angenommen
form-type = Was gesendet wurde, ist kein Formular. Es wurde nichts getan.
form-large = Das Formular ist größer, als der Server annimmt. Es wurde nichts getan.
form-cut = Das Formular kam nicht ganz an. Es wurde nichts getan; senden Sie es noch einmal.
foreign = Dieses Formular kommt nicht von einer Seite dieses Servers
foreign-text = Es wurde nichts getan. Öffnen Sie die Seite hier, und senden Sie das Formular von dort. Wenn Sie einem Link aus einer E-Mail gefolgt sind, sagen Sie es Ihrer Administration.
call-id = Für den Helpdesk: { $id }
refused-code = Für den Helpdesk: { $code }, { $id }
trouble-forbidden = Das dürfen Sie nicht
trouble-not-found = Das gibt es hier nicht, oder Sie dürfen es nicht sehen
trouble-cannot = Das geht nicht
trouble-later = Jetzt nicht; bitte versuchen Sie es gleich noch einmal
trouble-server = Am Server ist etwas schiefgegangen
help-text = Hilfe bekommen Sie dort, wo Sie Ihre Karte bekommen haben: beim Helpdesk oder bei Ihrer Administration.
help-id = Wird etwas abgelehnt, zeigt die Seite einen Code und eine Kennung. Nennen Sie dem Helpdesk beide; sie führen zur Zeile im Protokoll des Servers.
help-keys = Alles geht mit der Tastatur: Tab geht weiter, Umschalt und Tab zurück, die Eingabetaste folgt einem Link, die Leertaste kreuzt an.
home = Start
home-waiting = Wartende Anträge
home-waiting-count = { $count ->
    [0] Keiner wartet auf eine Entscheidung.
    [one] 1 wartet auf eine Entscheidung.
   *[other] { $count } warten auf eine Entscheidung.
}
home-oldest = Der älteste wartet schon { $age }.
home-and-more = Es gibt noch mehr.
home-to-queue = Zu den Anträgen
home-ready = Auszuführende Anträge
home-ready-count = { $count ->
    [0] Keiner ist genehmigt und wartet darauf, ausgeführt zu werden.
    [one] 1 ist genehmigt und wartet darauf, ausgeführt zu werden.
   *[other] { $count } sind genehmigt und warten darauf, ausgeführt zu werden.
}
home-to-ready = Zu den genehmigten
home-ending = Läuft innerhalb von { $days } Tagen ab
home-ending-none = In dieser Zeit läuft kein Zertifikat ab.
home-own = Ihre Karten und Anträge
home-own-none = Sie haben keine Karte.
home-to-own = Zu meinen Sachen
comment = Bemerkung
comment-hint = Nötig, wenn Sie ablehnen.
