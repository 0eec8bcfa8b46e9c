# Berichte für die Revision.
menu-reports = Berichte
reports = Berichte
report-which = Bericht
report-from = Von
report-to = Bis einschließlich
report-show = Zeigen
report-no-day = Schreiben Sie einen Tag als Jahr, Monat und Tag, zum Beispiel 2026-01-31.
report-backwards = Der letzte Tag liegt vor dem ersten.
report-cards = Karten nach Zustand
report-issued = Ausgestellte Zertifikate
report-revoked = Widerrufene und ausgesetzte Zertifikate
report-decisions = Entscheidungen über Anträge
report-recovered = Private Schlüssel, die den Server verlassen haben
report-period-from = Von
report-period-begin = Von Anfang an
report-period-to = bis
report-as-of = Stand:
report-all-cards = { $count ->
    [one] Insgesamt 1 Karte.
   *[other] Insgesamt { $count } Karten.
}
report-begin = Zurück zum Anfang
report-file = Der ganze Bericht als Datei (CSV)
report-file-most = Höchstens { $most } Zeilen; gibt es mehr, sagt es die letzte Zeile.
report-cut = Hier nach { $most } Zeilen abgeschnitten: Es gibt mehr. Wählen Sie einen kürzeren Zeitraum.
report-template = Vorlage
report-certificate = Zertifikatvorlage
report-state = Zustand
report-count = Karten
report-at = Wann
report-what = Was
report-for = Für wen
report-by = Von wem
report-type = Art des Antrags
report-request = Antrag
report-to-request = Zum Antrag
report-serial = Seriennummer
report-why = Warum
report-comment = Bemerkung
report-word-approved = genehmigt
report-word-denied = abgelehnt
report-word-sealedtoagents = versiegelt an Wiederherstellungsbeauftragte gegeben
report-word-madeandgiven = vom Server erzeugt und herausgegeben
report-word-recovered = wiederhergestellt
