# The queue and a request.
queue = Requests
queue-caption = Requests
queue-count = { $count ->
    [one] 1 request
   *[other] { $count } requests
}
queue-goes-on = on this page; more on the next.
queue-to-decide = { $count ->
    [0] None waits for your decision.
    [one] 1 waits for your decision.
   *[other] { $count } wait for your decision.
}
queue-waiting = { $count ->
    [0] None waits for a decision.
    [one] 1 waits for a decision.
   *[other] { $count } wait for a decision.
}
queue-or-more = There may be more: no more are counted.
queue-state = Which
queue-all = all
queue-show = Show
queue-person = For whom
queue-what = What
queue-asks = Asked for by
queue-age = Age
queue-approvals = Approvals
queue-due = Ends
queue-choose = Choose
queue-choose-one = Choose the request for { $name }
queue-check = Check and approve those chosen
queue-check-title = Check before you approve
queue-check-text = Nothing has been decided yet. Look through each request, then approve them together.
queue-approve = { $count ->
    [one] Approve 1 request
   *[other] Approve { $count } requests
}
queue-back = Back to the requests
queue-none-chosen = No request was chosen. Tick those that you want to approve.
queue-approved-title = Approved
queue-approved = { $count ->
    [one] 1 request is approved.
   *[other] { $count } requests are approved.
}
queue-not-approved = Not approved
k-of-n = { $given } of { $needed }
k-of-n-long = { $given } of { $needed } approvals are given.
may-still = May still approve:
request-title = { $what } for { $name }
request-state = State
request-for = For whom
request-by = Asked for by
request-when = Asked for on
request-template = Template
request-ends = Ends by itself
request-obstacle = Cannot be approved any more
request-brings = What it would do
request-cards = Cards that this person has
decisions = Decisions
decision-who = Who
decision-what = Decision
decision-when = When
decision-approved = approved
decision-denied = denied
decide = Decide
approve = Approve
deny = Deny
deny-why = Say in the comment why you deny; whoever asked is told.
cancel = Withdraw the request
done-approved = Approved.
done-denied = Denied. Whoever asked is told why.
done-canceled = The request is withdrawn.
approved-hand-over = Approved: hand this over
hand-over-text = The one-time password is shown this once. Give it to the person yourself; it is needed at the card.
hand-over-done = I have handed it over
request-changed = The template of this request has changed since you opened the page. Nothing was decided, and your comment is kept: look at what the request comes to now, then decide.
told-nobody = Nobody is mailed that it waits: tell somebody yourself who may approve it.
told-count = { $count ->
    [one] 1 person who may approve it is mailed that it waits.
   *[other] { $count } people who may approve it are mailed that it waits.
}
told-names = Mailed that it waits:
brings-Enroll = A first card, with new keys.
brings-Duplicate = A second card beside the one that there is.
brings-TemporaryCards = A card on loan, which ends by itself.
brings-Renew = New keys and certificates in the place of those that there are.
brings-OnlineUpdate = New keys and certificates on the same card, as the template says now.
brings-Recover = A card in the place of one that is lost or broken, with its archived keys.
brings-RecoverOnBehalf = Another person's archived keys: what was encrypted for that person can be read.
brings-Unblock = A new PIN on the card.
brings-OfflineUnblock = A new PIN on the card, by codes that are read out.
brings-Reinstate = The card is suspended, or valid again.
brings-Revoke = The card is disabled, and its certificates are revoked.
brings-Retire = The card is emptied and retired, and its certificates are revoked.
