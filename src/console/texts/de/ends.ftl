# Was endet.
menu-ends = Abläufe
ends = Was endet
ends-within = Innerhalb von
ends-show = Zeigen
ends-count = { $count ->
    [0] In { $days } Tagen endet kein Zertifikat auf einer Karte.
    [one] In { $days } Tagen endet 1 Zertifikat auf einer Karte.
   *[other] In { $days } Tagen enden { $count } Zertifikate auf Karten.
}
ends-cut = Es gibt mehr: Nur die ersten { $most } sind nach Monaten gezählt.
ends-by-month = Wie viele enden, nach Monat und Vorlage
ends-picture = Ein Balken je Monat und Vorlage; die Tabelle daneben hat dieselben Zahlen.
ends-month = Monat
ends-template = Vorlage
ends-template-gone = eine Vorlage, die es nicht mehr gibt
ends-certificates = Zertifikate
ends-caption = Was zuerst endet, zuerst
ends-person = Person
ends-day = Endet
ends-left = In
ends-card = Karte
ends-state = Zustand der Karte
ends-serial = Seriennummer
ends-begin = Zurück zu dem, was zuerst endet
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
