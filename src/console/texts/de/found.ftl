# Die Suche, Personen und Karten.
search-title = Suche
search-for = Wen oder was suchen Sie?
search-count = { $count ->
    [0] Nichts gefunden. Beginnen Sie mit den ersten Buchstaben eines Namens, oder geben Sie eine vollständige Nummer ein.
    [one] 1 Treffer
   *[other] { $count } Treffer
}
search-cut = und mehr; geben Sie mehr vom Gesuchten ein.
search-results = Was gefunden wurde
search-what = Was
search-kind = Art
search-owner = Person
search-why = Warum es passt
kind-person = Person
kind-card = Karte
kind-certificate = Zertifikat
kind-request = Antrag
kind-other = Etwas, das ein neuerer Server nennt
why-name = ein Name, UPN oder eine E-Mail-Adresse beginnt so
why-card = eine Nummer oder Kennung der Karte
why-certificate = seine Seriennummer oder sein Fingerabdruck
why-id = seine Kennung
person = Person
card = Karte
card-state = Zustand
card-printed = Aufgedruckte Nummer
card-ends = Letztes Zertifikat läuft ab
card-id = Kartenkennung
card-certificates = Zertifikate
card-holder = Zum Inhaber
history = Verlauf
history-what = Was
history-when = Wann
history-who = Wer
history-why = Warum
history-file = Der Verlauf als Datei (CSV)
