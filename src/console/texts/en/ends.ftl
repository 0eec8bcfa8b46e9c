# What ends.
menu-ends = What ends
ends = What ends
ends-within = Within
ends-show = Show
ends-count = { $count ->
    [0] No certificate on a card ends within { $days } days.
    [one] 1 certificate on a card ends within { $days } days.
   *[other] { $count } certificates on cards end within { $days } days.
}
ends-cut = There are more: only the first { $most } are counted by month.
ends-by-month = How many end, by month and template
ends-picture = A bar for each month and template; the table beside it has the same numbers.
ends-month = Month
ends-template = Template
ends-template-gone = a template that is gone
ends-certificates = Certificates
ends-caption = The first to end first
ends-person = Person
ends-day = Ends
ends-left = In
ends-card = Card
ends-state = State of the card
ends-serial = Serial number
ends-begin = Back to the first to end
month-of-year = { $month } { $year }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
ends-told = Holder told
ends-not-told = not yet, as far as is known
ends-remind = Remind
ends-remind-one = Remind { $name }
done-reminded = The holder is being told.
