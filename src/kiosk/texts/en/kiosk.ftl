# The frame
larger-text = Larger text
stop = Stop
back = Back
go-on = Go on
something-else = Do something else with this card
help-desk-number = Questions? Help desk: { $number }
help-desk-no-number = Questions? Ask your help desk.
warning = Are you still there? In { $seconds } seconds everything that is open here ends.
ends-after = If nothing is pressed here for { $seconds } seconds, everything that is open ends.
more-time = I need more time
code = Code: { $code }
correlation = Call: { $id }
# Whoever is kept out
link-used = This link was used already
link-used-text = It opens this workstation's page in one browser, once. Start the kiosk again for a new link.
other-browser = This page is open in another browser
other-browser-text = This workstation serves the one browser that was opened with its start link.
foreign = Not from here
foreign-text = This call came from a page that is not this workstation's. Nothing was done.
no-form = Nothing is done here
no-form-text = This workstation does not take what was sent.
# Without a question
insert = Put in your card
insert-text = Put your card into the reader, chip first, and leave it there.
insert-cut = The card was taken out before the work on it was done. What was done is kept: put the same card in again, and go on. If a new PIN was being set, the card may have it already.
insert-what = Here you can look when your card ends, choose another PIN, get a forgotten one set anew, and have a card made ready.
no-reader = The card reader cannot be used
no-reader-text = Nothing can be done here at the moment. As soon as the reader is back, this page goes on by itself.
several = Take one card out
several-text = There are two cards in the readers. Leave in the one that this is about; as long as both are in, nothing is done with either.
reading = One moment
reading-text = The card is being read. Leave it in.
take = Take your card
take-text = It was ended. Nothing that you typed is kept. Take your card out.
take-away = Take your card
take-away-text = Nobody has done anything here for a while, so it was ended. Nothing that was typed is kept. Take the card out, then put it in to begin again.
at-pad = Type your PIN at the reader
at-pad-text = Use the keys of the reader and confirm there. Leave the card in.
# The card
card-of = Card of { $name }
card-empty = This card is not in use yet
card-until = Valid until
card-serial = Card number
card-pin = PIN
card-locked = The PIN of this card is locked, after too many wrong tries.
card-marked = This card has a PIN that nobody knows. It needs a new one before anything else.
card-unfinished = Work on this card was broken off. What was done is kept: choose the same again, and it goes on from there.
until-good = valid
until-soon = ends soon
until-over = has ended
until-early = is not valid yet
clock-wrong = By the clock of this computer the card is not valid yet. Tell the help desk that the clock may be wrong.
what-now = What do you want to do?
task-renew = Renew the card
task-renew-hint = It ends soon. You need its PIN, and a few minutes.
task-logon = Will this card log on?
task-logon-hint = It is looked at, and whoever issued it is asked. No PIN is needed.
task-new-card = Have a new card made ready
task-new-card-hint = This card shows who you are, with its PIN. You need the new card, and somebody has to have asked for it.
task-old-card = Show who you are with your old card
task-old-card-hint = You have a card in use, and this one is to take its place or come beside it. You need the PIN of the old one.
task-password = Use a one-time password
task-password-hint = You were given one, to have a card made ready or a new PIN set.
task-new-pin = Choose another PIN
task-new-pin-hint = You know the PIN that the card has.
task-pages = Sign in with your account
task-pages-hint = You sign in at the server's page, in this browser, and what waits for you is carried out.
task-telephone = Set a new PIN over the telephone
task-telephone-hint = You have forgotten the PIN, or it is locked. The help desk reads a code to you.
# PINs
old-pin = Your PIN
old-pin-text = Type the PIN that the card has now.
pin-label = PIN
tries-left = { $count ->
    [one] One try is left. If it is wrong, the PIN is locked.
   *[other] { $count } tries are left.
}
tries-low = Few tries are left.
tries-none = No try is left.
tries-untold = The card does not tell how many tries are left.
last-try-tick = I am sure of this PIN. Use the last try.
new-pin = Choose a new PIN
new-pin-label = New PIN
again-label = New PIN, once more
new-pin-temporary = This card has a PIN that you did not choose. Choose your own now; nothing else can be done before.
set-pin = Set this PIN
rules = A PIN is taken that
rule-length = { $shortest ->
   *[other] has { $shortest } to { $longest } characters
}
rule-digits = has digits only
rule-trivial = is not one that others guess first, such as 123456 or 111111
rule-again = you type twice alike
rule-kept = kept
fault-empty = Nothing was typed.
fault-wrong-pin = The PIN is wrong.
fault-last-try = This would be the last try: nothing was tried. Tick the box if you are sure, or go back and have a new PIN set.
fault-pause = { $seconds ->
    [one] Nothing was tried: please wait one second, then type it again.
   *[other] Nothing was tried: please wait { $seconds } seconds, then type it again.
}
fault-length = The PIN must have { $shortest } to { $longest } characters.
fault-digits = The PIN must have digits only.
fault-unlike = The two are not alike.
fault-trivial = Others would guess this PIN first. Choose another.
fault-same = This is the PIN that the card has now. Choose another.
fault-not-taken = This PIN is not taken. Choose another.
fault-not-let-in = This name and this one-time password do not belong to a request that can be carried out now. Look at the spelling; one that was used, or that a newer one has replaced, counts no more.
fault-over = This is the right one-time password, but its time is over. Ask whoever gave it to you for another one.
# The telephone
telephone = Call the help desk
telephone-call = Call { $number }.
telephone-call-desk = Call your help desk.
telephone-prove = Say that you need a new PIN, and show them who you are.
telephone-read = Read this code out, group by group:
telephone-type = Type the answer that is read to you.
answer-label = Answer of the help desk
answer-hint = Sixteen digits and letters from A to F, then two digits. Blanks and dashes do not matter.
slip-length = The answer has { $found } digits, not { $expected }. Have it read to you once more.
slip-character = Place { $position } of the answer is no digit of it. Have it read to you once more.
slip-check = The last two digits do not fit: something was misheard. Have it read to you once more.
slip-kind = This is not the answer, but another code. Type what the help desk has read to you.
# Who somebody is
old-card = Put in your old card
old-card-text = It shows who you are. Put it into the other reader, or take this card out and put the old one in.
old-card-again = This card is not in use, so it shows nothing of you. Put in the card that you have used until now.
new-card = Put in the new card
new-card-for = Your old card has shown that you are
new-card-text = Put the new card into the other reader, or take the old card out and put the new one in. It is made ready at once.
new-card-again = This is your old card. Put in the new one.
new-card-leave = If you do not go on, press Stop: until then anybody could put a card in for you.
who = Who are you?
who-text = Type the one-time password that you were given.
pages-text = Sign in at the server's page within ten minutes; you come back here by yourself. Leave the card in.
pages-beware = Your browser is signed out there as soon as you come back.
pages-go = To the server's page
user-label = Your user name or e-mail address
password-label = One-time password
second-label = Second one-time password, if you were given two
password-hint = It came by mail, or was handed to you.
# Works
waiting = Somebody has to approve this
waiting-text = It goes on by itself as soon as it is approved. Leave the card in.
waiting-who = May approve:
waiting-leave = You need not wait here: press Stop, take the card, and come back later. Nothing is lost.
working = Working
working-leave-in = Leave the card in.
doing-set-pin = The new PIN is being set.
doing-let-in = The server is asked who you are.
doing-judge = The card is looked at, and whoever issued it is asked.
doing-prepare = The card is being prepared.
doing-make-key = The card makes a key.
doing-certify = The server makes the certificate.
doing-write = The certificate is written to the card.
doing-finish = The server is told that all is done.
doing-time = { $seconds ->
    [one] On the last card of this kind this took one second.
   *[other] On the last card of this kind this took { $seconds } seconds.
}
doing-time-key = With some cards this takes some minutes.
doing-time-short = This takes a few seconds.
logon = Will this card log on?
verdict-good = good:
verdict-untold = not asked:
verdict-attention = look at this:
verdict-bad = not good:
ask-server = Ask the server too
ask-server-hint = The server and its directory know more of you than this workstation does. They are asked once you have shown by your PIN whose card it is.
logon-good = Yes, as far as it shows here.
logon-attention = Yes, but something should not stay so.
logon-bad = No.
done = Done
done-pin-changed = The card has the new PIN.
done-unblocked = The card has the new PIN. Tell the help desk that it worked.
done-enrolled = Your card is ready. The PIN that you have chosen holds at once.
done-renewed = Your card is renewed. The PIN has not changed.
done-take = Take your card.
trouble = That did not work
look-again = Look at the card again
