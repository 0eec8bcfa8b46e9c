# Asking, what lies ahead of a request, the help desk, and what is one's own.
menu-new = New request
menu-help-desk = Help desk
menu-mine = My things
new-step = New request: question { $at } of { $of }
new-whom = For whom?
new-myself = For myself
new-other = For somebody else
new-whom-name = Name
new-whom-hint = The first letters of the name, or the UPN or e-mail address.
new-find = Find
new-found = People found here
new-found-count = { $count ->
    [0] Nobody was found. Try fewer letters, or the beginning of another name.
    [one] 1 person was found.
   *[other] { $count } people were found.
}
new-names = UPN, e-mail address
new-disabled = disabled
new-elsewhere = People found in the directory, who have no account here yet
new-department = Department
new-take = Take over
new-take-over = Take { $name } over and go on
new-more-elsewhere = The directory has more of them; type more of the name.
new-what = What is asked for?
new-what-for = For { $name }
new-what-missing = Choose what is asked for.
new-nothing = There is nothing here that you may ask for, for { $name }. Ask your administrator who may.
new-go-on = Go on
new-other-person = For another person
new-first-card = New card: { $name }
new-first-profile = New certificate: { $name }
new-profile = New certificate
new-of-card = On the card { $name }.
new-of-card-printed = On the card { $name }, number { $printed }.
new-why-Renew = New certificates before the present ones end.
new-why-OnlineUpdate = New certificates, because the template has changed.
new-why-Unblock = A new PIN, at a computer with the card in its reader.
new-why-OfflineUnblock = A new PIN, by codes that are read out over the telephone.
new-why-Recover = Another card in its place, if it is lost or broken.
new-why-Duplicate = A second card beside it.
new-why-TemporaryCards = A temporary card beside it, for a while.
new-details = Further details
new-for = for
new-comment-why = Whoever decides reads it: say why it is needed.
new-comment-missing = A comment is needed here: say why it is asked for.
new-priority = Priority
new-priority-hint = From 0, which comes first, to 255.
new-priority-wrong = The priority is a whole number from 0 to 255.
new-check = Check before sending
new-back = Back
new-checked = Check, then send
new-send = Send the request
new-send-another = Send it all the same
new-change = Change the answers
new-other-what = Ask for something else
new-refused = This would be refused
new-refused-text = Nothing was sent. If it were, the server would say:
new-open = { $count ->
    [one] A request for the same is open already. Go on with that one, or withdraw it; send this one only if both are wanted.
   *[other] { $count } requests for the same are open already. Go on with one of them, or withdraw them; send this one only if all are wanted.
}
new-approvals = { $count ->
    [0] Nobody has to approve it: it can be carried out as soon as it is sent.
    [one] One approval is needed before it is carried out.
   *[other] { $count } people have to approve it before it is carried out.
}
new-password = A one-time password is needed at the card; it comes once the request is approved.
may-approve = May approve:
principal-group = group { $name }
item-choose = Choose
item-not-kept = It is checked and not kept.
item-at-most = At most { $most } characters.
item-from-to = From { $least } to { $most } characters.
item-number-any = A number.
item-number-least = A number, { $least } or more.
item-number-most = A number, { $most } or less.
item-number-between = A number from { $least } to { $most }.
item-date-any = A day, such as 2026-01-31.
item-date-least = A day, { $least } or later.
item-date-most = A day, { $most } or earlier.
item-date-between = A day from { $least } to { $most }.
item-missing = { $name } is missing.
item-hidden = { $name } holds an invisible character; type it anew.
item-choice = { $name }: choose one of the list.
item-number = { $name } has to be a number.
item-date = { $name } has to be a day, such as 2026-01-31.
item-email = { $name } has to be an e-mail address, such as name@example.com.
item-outside = { $name } is outside of what is taken.
item-length = { $name } has { $found } characters; from { $least } to { $most } are taken.
item-pattern = { $name } does not have the form that is wanted.
item-refused = { $name } was not taken; look at what is said beside it.
pattern-in-order = In this order: { $parts }.
pattern-itself = It has to match the pattern { $pattern }.
pattern-text = “{ $text }”
pattern-exactly = { $least ->
    [one] exactly 1 { $what }
   *[other] exactly { $least } { $what }
}
pattern-at-most = at most { $most } { $what }
pattern-from-to = { $least } to { $most } { $what }
pattern-at-least = at least { $least } { $what }
pattern-any = any number of { $what }
pattern-digits = { $count ->
    [one] digit
   *[other] digits
}
pattern-capitals = { $count ->
    [one] capital letter A to Z
   *[other] capital letters A to Z
}
pattern-small = { $count ->
    [one] small letter a to z
   *[other] small letters a to z
}
pattern-letters = { $count ->
    [one] letter A to Z
   *[other] letters A to Z
}
pattern-capitals-digits = { $count ->
    [one] capital letter or digit
   *[other] capital letters or digits
}
pattern-letters-digits = { $count ->
    [one] letter or digit
   *[other] letters or digits
}
pattern-hexadecimal = { $count ->
    [one] digit or letter A to F
   *[other] digits or letters A to F
}
done-request-made = The request is made. What happens next stands below.
done-collected = What was missing is there now.
done-password-sent = A new one-time password is on its way. The one before no longer counts.
ahead = What happens next
ahead-decision = { $count ->
    [0] It waits for its decision.
    [one] One more approval is needed.
   *[other] { $count } more approvals are needed.
}
ahead-missing = Still to be given by others:
ahead-ends = If nobody goes on with it, it ends by itself on
ahead-give = Still to be given by you
ahead-send = Send
ahead-telephone = The help desk answers the code that the person reads out.
ahead-desk = The desk carries it out, with the card in a reader.
ahead-you = You carry it out, with your card in the reader of a computer that has cardwright, or at a desk.
ahead-person = { $name } carries it out with the card in a reader, or the desk does.
ahead-command = The command for it:
ahead-password = One-time password
ahead-password-text = It is asked for at the card, before anything is done there.
ahead-password-old = If it is lost or was never given, have another one made. The one before stops counting.
ahead-password-new = Make a new one-time password
password-hand-over = Hand the new one-time password over
documents = Forms of the request
documents-link = { $count ->
    [one] 1 form to print and sign
   *[other] { $count } forms to print and sign
}
documents-back = Back to the request
mine = My things
mine-cards = My cards
mine-what-to-do = What to do
mine-nothing = Nothing.
mine-renew = Renew it: at a kiosk or desk, or with the card in your reader by
mine-finish = Have it finished at a kiosk or desk.
mine-suspended = It is suspended, and does not work for now. Ask the help desk to reinstate it.
mine-lost = Lost or stolen?
mine-soon = ends soon
mine-ended = expired
mine-ask = Ask for something
mine-requests = My requests
mine-decides = May still approve
mine-more = All requests
mine-certificates = My certificates
mine-certificate = Certificate
mine-serial = Serial number
mine-ends = Ends
card-holder-name = Holder
help-desk = Help desk: unblock over the telephone
help-desk-text = For somebody whose PIN is blocked and who can call, but not come. Find the card that the caller has.
help-desk-who = Who calls?
help-desk-find = Find the card
help-desk-count = { $count ->
    [0] No card was found. Try fewer letters of the name, or the number on the card.
    [one] 1 card
   *[other] { $count } cards
}
help-desk-cards = Cards of the people found
help-desk-for = { $name } calls
help-desk-to = To the help desk
help-desk-open = A call about this card was begun already:
help-desk-ask = The call
help-desk-step-proof = Be sure who calls, as your rules say: whoever gets the answer can set the PIN.
help-desk-step-command = Have the caller put the card into the reader and type
help-desk-step-code = Have the code read out that is shown then, group by group, and type it here.
help-desk-code = Code that is read out
help-desk-code-hint = Four groups of four digits or letters A to F, then two digits. Windows’ own screen shows the sixteen alone. Blanks and dashes do not matter.
help-desk-comment = Stands in the log of acts, such as by what the caller was known.
help-desk-answer = Show the answer
help-desk-typed = The code as you typed it, to be read back
help-desk-not = A PIN cannot be set over the telephone here: the card’s template does not allow it, the card is not in use, or you have no part in it.
help-desk-unchecked = This code has no check digits: a digit that was misheard is not noticed here, and costs the card a try. Read all sixteen back before you go on.
help-desk-repeated = All sixteen are right: show the answer
help-desk-again = Another code
help-desk-other = Another call is still open
help-desk-other-text = An earlier call about this card has answered another code, and one request answers one code. Once it is ended, this code is answered by a request of its own. The answer of the earlier call may still be used at the card.
help-desk-end = End the earlier call, and show the answer
help-desk-answered = Read the answer to the caller
help-desk-read = Read this to { $name }, group by group, and have each repeated. It is shown this once.
help-desk-told = The answer
help-desk-guarded = The last two digits guard the others: a slip is told to the caller before the card is touched.
help-desk-unguarded = No check digits guard this answer: a slip costs the card a try.
help-desk-tries = An answer that the card refuses costs it one of its few tries, and a card without any left cannot be unblocked any more. The caller’s screen says how many are left: after a refusal begin anew with a new code.
help-desk-heard = The answer to the code
help-desk-then = When the caller has a new PIN
help-desk-complete = The new PIN is set: complete the request
done-unblocked = Done: the new PIN is set, and the request is completed.
help-slip-none = Type the code that the caller reads out.
help-slip-length = The code has { $found } digits, not { $expected }: four groups of four, then two. Look which group is short or long.
help-slip-digit = Group { $group }, place { $digit }: { $found } is neither a digit nor a letter from A to F. Have this group repeated.
help-slip-check-digit = The last group, place { $digit }: { $found } is no digit. Have the last two digits repeated.
help-slip-check = A digit is wrong, or two were swapped: the last two digits do not fit. Read the groups back one by one. Nothing was spent.
help-slip-answer = This is an answer, not the code from the card. Have the code read out that the caller’s screen shows first.
help-slip-card = This code comes from another card. Have it read out once more, or take the card that the caller really has. The request is kept.
spell-group = Group
spell-digits = Digits
spell-words = Spelled
spell-list = Spelling list
spell-0 = zero
spell-1 = one
spell-2 = two
spell-3 = three
spell-4 = four
spell-5 = five
spell-6 = six
spell-7 = seven
spell-8 = eight
spell-9 = nine
spell-a = Alfa
spell-b = Bravo
spell-c = Charlie
spell-d = Delta
spell-e = Echo
spell-f = Foxtrot
new-changed = The template “{ $name }” has changed since you opened this form. Nothing was sent, and what you typed is kept: look at what is asked for now, then check it once more.
new-left = This is asked for no more, and is left out:
new-gone = What you wanted to ask for is offered no more, because the template has changed since you opened this form. Nothing was sent. This is what you typed:
