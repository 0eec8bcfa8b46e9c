# Was abläuft.
menu-ends = Was abläuft
ends = Was abläuft
ends-within = Innerhalb von
ends-show = Zeigen
ends-count = { $count ->
    [0] Innerhalb von { $days } Tagen läuft kein Zertifikat auf einer Karte ab.
    [one] Innerhalb von { $days } Tagen läuft 1 Zertifikat auf einer Karte ab.
   *[other] Innerhalb von { $days } Tagen laufen { $count } Zertifikate auf Karten ab.
}
ends-cut = Es gibt mehr: Nur die ersten { $most } sind nach Monaten gezählt.
ends-by-month = Wie viele ablaufen, nach Monat und Vorlage
ends-picture = Ein Balken je Monat und Vorlage; die Tabelle daneben hat dieselben Zahlen.
ends-month = Monat
ends-template = Vorlage
ends-template-gone = eine Vorlage, die es nicht mehr gibt
ends-certificates = Zertifikate
ends-caption = Was zuerst abläuft, zuerst
ends-person = Person
ends-day = Läuft ab
ends-left = In
ends-card = Karte
ends-state = Zustand der Karte
ends-serial = Seriennummer
ends-begin = Zurück zu dem, was zuerst abläuft
month-of-year = { $month } { $year }
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember
ends-told = Person benachrichtigt
ends-not-told = noch nicht, soweit bekannt
ends-remind = Erinnern
ends-remind-one = { $name } erinnern
done-reminded = Die Person wird benachrichtigt.
