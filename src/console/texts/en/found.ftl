# The search, persons and cards.
search-title = Search
search-for = Whom or what do you look for?
search-count = { $count ->
    [0] Nothing was found. Begin with the first letters of a name, or type a whole number.
    [one] 1 match
   *[other] { $count } matches
}
search-cut = and more; type more of it.
search-results = What was found
search-what = What
search-kind = Kind
search-owner = Person
search-why = Why it matched
kind-person = Person
kind-card = Card
kind-certificate = Certificate
kind-request = Request
kind-other = Something a newer server names
why-name = a name, UPN or e-mail address begins with it
why-card = a number or id of the card
why-certificate = its serial number or thumbprint
why-id = its id
person = Person
card = Card
card-state = State
card-printed = Printed number
card-ends = Last certificate ends
card-id = Card id
card-certificates = Certificates
card-holder = To the holder
history = What happened
history-what = What
history-when = When
history-who = Who
history-why = Why
history-file = The history as a file (CSV)
