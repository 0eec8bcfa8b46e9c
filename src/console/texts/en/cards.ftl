# A card, its life, what is asked for it; a person; a missing card; a leaver.
card-of-number = Card { $number }
card-of = Card of { $name }
card-held-by = Holder
card-template = Template
card-version = version { $version }
card-role = Role
card-beside = Temporary card beside
card-beside-link = another card of the same person
card-admin-key = Admin key
admin-key-default = the one that its kind comes with
admin-key-proposed = its own is on the way; the card has not confirmed it
admin-key-active = its own
card-atr = Answer to reset (ATR)
card-model = Model
card-firmware = Firmware
card-assigned-as = Name when it was assigned
printed-attested = attested by its maker
printed-stock = from the list of cards in stock
printed-client = as the computer said that enrolled it
role-primary = first card
role-duplicate = second card beside the first
role-temporary = temporary card
role-escrow = holds another person's keys
role-superseded = another card took its place
role-reused = was in use before
role-none = none any more
card-acts = What you can do
card-open = Open requests
card-life = Its life
card-back = Back to the card
certificate-serial = Serial number
certificate-subject = Subject and kind
certificate-ends = Ends
certificate-state = State
certificate-earlier = of earlier times, to read what was encrypted then
standing-counts = counts
standing-not-yet = counts later
standing-hold = on hold
standing-revoked-from = counts until it is revoked
standing-revoked = revoked
standing-expired = expired
standing-unknown = not known
attestation = What the card attests
attestation-link = What the card attests
attestation-none = The card has attested nothing of this key, or the certificate is not known.
attestation-proof = Proof
attestation-proven = comes from a maker that the template names: the key was made on the card and cannot leave it
attestation-unproven = nobody has verified it
attestation-device = Serial number of the card
attestation-untold = not told
attestation-pem = Certificate { $number } of the attestation (PEM)
life-title = The life of the card
life-description = A picture over time, from the first request to the last certificate's end: the state of the card, its certificates, the requests about it, and who did something. The table below says the same.
life-state = State
life-certificates = Certificates
life-requests = Requests
life-people = People
life-open = open
ask-unblock = Unblock
ask-telephone = Unblock over the telephone
ask-suspend = Suspend
ask-reinstate = Reinstate
ask-replace = Replace
ask-renew = Renew
ask-update = Update
ask-revoke = Revoke
ask-retire = Retire
ask-unblock-what = The holder gets a new PIN at a computer with the card in its reader. The certificates stay as they are.
ask-telephone-what = The holder reads a code from the screen, and you read the answer back. The certificates stay as they are.
ask-suspend-what = { $count ->
    [one] 1 certificate is put on hold until the card is reinstated.
   *[other] { $count } certificates are put on hold until the card is reinstated.
}
ask-reinstate-what = { $count ->
    [one] 1 certificate counts again.
   *[other] { $count } certificates count again.
}
ask-replace-what = The holder gets another card in place of this one. Keys that the server keeps come back onto it.
ask-renew-what = The card gets new certificates before the old ones end.
ask-update-what = The card gets new certificates, because the template has changed.
ask-revoke-what = The card cannot be used any more. Nothing is removed from it.
ask-retire-what = The card is retired. Where it is in a reader, its keys are removed from it.
ask-title = { $card }: { $what }
ask-happens = What will happen
ask-for-good = This cannot be taken back.
ask-reason = Why?
ask-comment-hint = Whoever looks at the history later reads it.
ask-comment-missing = Say why: the template wants a comment.
ask-not = Do nothing
ask-not-now = You cannot ask for this now. It does not go with the state of the card, or it is not yours to ask for.
ask-open = This is open already:
ask-made = The request is made, but was not carried out
ask-not-carried-out = The request is kept. Nothing has changed at the card yet.
ask-to-request = To the request
done-asked = The request is made.
done-card-suspend = The card is suspended.
done-card-reinstate = The card is in use again.
done-card-revoke = The card is revoked.
reason-none = No loss
agree-at-once = It is done at once.
agree-nobody = Nobody has to approve it.
agree-approvals = { $count ->
    [one] One approval is needed before anything happens, by: { $by }
   *[other] { $count } approvals are needed before anything happens, by: { $by }
}
agree-password = A one-time password is needed at the card.
agree-card = It is carried out with the card in a reader.
fate-revoked = { $count ->
    [0] There is no certificate to revoke.
    [one] 1 certificate is revoked for good: { $why }.
   *[other] { $count } certificates are revoked for good: { $why }.
}
fate-revoked-later = { $count ->
    [0] There is no certificate to revoke.
    [one] 1 certificate is revoked for good after { $hours } hours: { $why }.
   *[other] { $count } certificates are revoked for good after { $hours } hours: { $why }.
}
fate-kept = { $count ->
    [0] No certificate is revoked.
    [one] 1 certificate is not revoked; it counts until it ends.
   *[other] { $count } certificates are not revoked; they count until they end.
}
fate-unknown = What becomes of the certificates, the template says.
fate-by-reason = What becomes of the certificates stands at each reason below.
reason-unspecified = no reason told
reason-keycompromise = somebody else may have the key
reason-cacompromise = the authority is not to be trusted
reason-affiliationchanged = the person has left or does something else
reason-superseded = replaced by another
reason-cessationofoperation = no longer needed
reason-certificatehold = on hold
reason-removefromcrl = no longer on hold
reason-privilegewithdrawn = the right was withdrawn
reason-aacompromise = the authority of attributes is not to be trusted
loss-lost = Lost
loss-stolen = Stolen
loss-damaged = Damaged
loss-forgotten = Forgotten, for example at home
lost-link = Report as missing
lost-title = { $card } is missing
lost-text = Nothing has been done yet. Choose why the card is missing; at each reason stands what will become of it.
lost-why = Why is it missing?
lost-by-template = What becomes of the card, its template says: it is revoked or suspended at once.
lost-disabled = The card cannot be used any more; another one can take its place.
lost-held = { $count ->
    [one] 1 certificate is put on hold at once. If the card turns up, it counts again.
   *[other] { $count } certificates are put on hold at once. If the card turns up, they count again.
}
lost-waits = That they are revoked for good is asked for, and waits for an approval.
lost-not-yours = You can see the card, but not report it as missing. Its holder can, and so can whoever may suspend or revoke it, such as the help desk.
lost-closes = These requests are open. Those that cannot be carried out without the card are closed:
lost-comment-hint = Where and when it was seen last, for example.
lost-report = Report as missing
lost-now = { $revoked ->
    [0] No certificate is revoked,
    [one] 1 certificate is revoked,
   *[other] { $revoked } certificates are revoked,
} { $held ->
    [0] none is on hold.
    [one] 1 is on hold.
   *[other] { $held } are on hold.
}
lost-waiting = This waits for an approval:
lost-next = What comes next
lost-next-replace = The holder can get another card in its place.
lost-next-found = If the card turns up, it can be reinstated.
lost-next-desk = The help desk or the desk that gives out cards can ask for another card for the holder.
lost-next-own = You need another card: go to the desk that gives out cards, or call the help desk. They ask for it in your name; how far it is stands on the page My things.
lost-next-asked = Another card is asked for already:
lost-again = It will not turn up: report again
done-lost-revoked = Reported: the card is revoked for good.
done-lost-suspended = Reported: the card is suspended.
done-lost-asked = Reported: nothing has changed at the card yet, its revocation waits for an approval.
done-lost-ended = The card was not in use any more; nothing has changed.
done-lost-other = Reported.
name-confirm = Type the person's name to confirm
name-confirm-hint = It is: { $name }
name-other = That is not the name of the person. Nothing was done.
person-state = Account
person-name = Name
person-upn = UPN
person-email = E-mail
person-sid = Security identifier (SID)
person-groups = Groups
person-open = Open requests
cards-now = Cards now
cards-before = Cards before
leave-link = The person leaves
leave-title = { $name } leaves
leave-text = Nothing has been done yet. This is all that the person has here, and what becomes of it. It is ended all together, or not at all.
leave-ends = What ends
leave-ended = What was ended
leave-kept = What is kept
leave-what = What
leave-which = Which
leave-fate = What becomes of it
leave-do = End all of it
leave-back = To the person
leave-left = The person has left: nothing is left to be ended.
leave-done = { $name } has left. This was ended:
leave-changed = The person has other things here by now than those that you have seen. Nothing was ended. Look through it again, and type the name once more.
leaving-account = Account
leaving-card = Card
leaving-lent = Temporary card
leaving-profile = Certificates without a card
leaving-certificate = Certificate
leaving-request = Request
leaving-token = Access token
leaving-session = Session
leaving-identity = Sign-in elsewhere
fate-will-disabled = is disabled
fate-will-revoked = is revoked
fate-will-closed = is closed
fate-was-disabled = disabled
fate-was-revoked = revoked
fate-was-closed = closed
fate-stays = kept
