# The frame, the entrance, and what cannot be shown or done.
menu-home = Home
menu-requests = Requests
menu-search = Search
sign-in = Sign in
sign-in-issuer = Sign in with your organisation’s account
sign-in-ticket = Sign in with your Windows or Kerberos account
sign-in-certificate = Sign in with your card
sign-in-code = One-time code
sign-in-code-hint = From the link that an administrator has given you. It works once.
sign-in-with-code = Sign in with the code
signed-out = You are signed out.
no-ticket = Your browser has shown no ticket
no-ticket-text = It has to be allowed to use your Windows or Kerberos account at this address, and you have to be signed in with that account. Ask your administrator.
no-ticket-here = This needs you, not only your computer: whoever sits at it while you are away has your Windows or Kerberos account, too.
not-signed-in = You are not signed in
other-way = Sign in another way
session-ended = Your session has ended; what you typed is kept
prove-again = Please show again who you are
prove-again-text = What you are about to do needs a sign-in that is at most five minutes old. Nothing was done.
kept-text = Nothing was done, and nothing that you typed is lost: it stays on this page.
kept-first = Sign in; that opens beside this page.
kept-then = Come back to this page, and send the form again.
send-again = Send again
go-on = Go on
one-moment = One moment
go-home = To the home page
no-page = There is no such page
no-page-text = The address may be mistyped, or what it was about is gone.
no-form = Nothing was done
no-form-text = This page takes no such form.
form-not-taken = The form was not taken
form-type = What was sent is no form. Nothing was done.
form-large = The form is larger than the server takes. Nothing was done.
form-cut = The form did not arrive whole. Nothing was done; send it again.
foreign = This form does not come from a page of this server
foreign-text = Nothing was done. Open the page here, and send it from there. If you followed a link in a mail to get there, tell your administrator.
call-id = For the help desk: { $id }
refused-code = For the help desk: { $code }, { $id }
trouble-forbidden = You may not do this
trouble-not-found = That is not here, or not for you to see
trouble-cannot = That cannot be done
trouble-later = Not now; please try again in a moment
trouble-server = Something went wrong at the server
help-text = Ask where you got your card: your help desk or your administrator.
help-id = When something is refused, the page shows a code and an id. Tell the help desk both; they lead to the line in the server's log.
help-keys = Everything works with the keyboard: Tab goes on, Shift and Tab go back, Enter follows a link, Space ticks a box.
home = Home
home-waiting = Requests that wait
home-waiting-count = { $count ->
    [0] None waits for a decision.
    [one] 1 waits for a decision.
   *[other] { $count } wait for a decision.
}
home-oldest = The oldest has waited for { $age }.
home-and-more = There are more.
home-to-queue = To the requests
home-ready = Requests to carry out
home-ready-count = { $count ->
    [0] None is approved and waits to be carried out.
    [one] 1 is approved and waits to be carried out.
   *[other] { $count } are approved and wait to be carried out.
}
home-to-ready = To those that are approved
home-ending = Ends within { $days } days
home-ending-none = No certificate ends in that time.
home-own = Your cards and requests
home-own-none = You have no card.
home-to-own = To my things
comment = Comment
comment-hint = Needed where you deny.
