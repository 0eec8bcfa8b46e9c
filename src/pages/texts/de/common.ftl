# Was alle Seiten haben.
day = { $day }.{ $month }.{ $year }
span-seconds = { $count ->
    [one] 1 Sekunde
   *[other] { $count } Sekunden
}
span-minutes = { $count ->
    [one] 1 Minute
   *[other] { $count } Minuten
}
span-hours = { $count ->
    [one] 1 Stunde
   *[other] { $count } Stunden
}
span-days = { $count ->
    [one] 1 Tag
   *[other] { $count } Tage
}
skip = Zum Inhalt springen
language = Sprache
language-change = Wechseln
pages = Seiten
help = Hilfe
signed-in-as = Angemeldet als { $name }
sign-out = Abmelden
as-of = Stand: { $at }
search = Suchen
search-hint = Name, E-Mail, Seriennummer einer Karte oder eines Zertifikats, oder eine Kennung
more = Nächste Seite
newest = Zurück zu den neuesten
none = Hier ist nichts.
yes = ja
no = nein
errors = { $count ->
    [one] Eine Angabe fehlt oder ist falsch:
   *[other] { $count } Angaben fehlen oder sind falsch:
}
optional = freiwillig
new-entries = Es gibt Neues.
reload = Neu laden
picture-today = Heute
