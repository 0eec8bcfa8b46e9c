# What all pages have.
day = { $day } { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
} { $year }
span-seconds = { $count ->
    [one] 1 second
   *[other] { $count } seconds
}
span-minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] 1 hour
   *[other] { $count } hours
}
span-days = { $count ->
    [one] 1 day
   *[other] { $count } days
}
skip = Skip to the content
language = Language
language-change = Change
pages = Pages
help = Help
signed-in-as = Signed in as { $name }
sign-out = Sign out
as-of = As of { $at }
search = Search
search-hint = Name, e-mail, serial number of a card or certificate, or an id
more = Next page
newest = Back to the newest
none = Nothing here.
yes = yes
no = no
errors = { $count ->
    [one] One thing is missing or wrong:
   *[other] { $count } things are missing or wrong:
}
optional = optional
new-entries = There is something new.
reload = Reload
picture-today = Today
