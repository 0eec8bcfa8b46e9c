# Templates, in sentences.
menu-templates = Templates
templates = Templates
template-name = Template
template-makes = Makes
template-description = Description
template-smartcard = Smart cards
template-virtual-smartcard = Virtual smart cards
template-software = Keys in software
template-version = version { $version }
template-counted = Cards of each version
template-of-version = Version
template-state = State
template-cards = Cards
template-back = To the templates
template-certificates = Certificates
template-card = The card
template-losses = When something is missing
template-limits = Limits and ends
template-workflows = What can be asked for
template-made-by-client = { $name }: for { $days }, with a key ({ $key }) made at the card or computer.
template-made-by-server = { $name }: for { $days }, with a key ({ $key }) made by the server.
template-archived = The key is kept sealed, and can be brought back.
template-agents-only = The key is kept sealed, and only recovery agents can open it.
template-attested = The card has to attest that it has made the key.
template-bears-roles = Whoever signs in with it has the roles of its owner.
template-pin-holder = The holder chooses the PIN.
template-pin-server = The server proposes the PIN.
template-pin-random = The PIN is drawn at random, and nobody is told it.
template-pin-nobody = The PIN stays as the card has it.
template-pin-at-least = The PIN has at least { $least } characters.
template-pin-length = The PIN has { $least } to { $most } characters.
template-refuses-pins = PINs that everybody would guess are refused.
template-own-admin-key = Each card gets an admin key of its own.
template-presence = A card shows that it is there before it is told a secret.
template-stock-only = Only cards in stock are given out.
template-initialised = A new card is initialised.
template-reused = A retired card may be used again.
template-not-reused = A retired card is not used again.
template-reset = A retired card is reset, where it can be.
template-most-certificates = { $count ->
    [one] A card holds at most 1 certificate.
   *[other] A card holds at most { $count } certificates.
}
template-loss-revokes-replaces = “{ $name }”: the certificates are revoked ({ $reason }), and the card may be replaced.
template-loss-revokes = “{ $name }”: the certificates are revoked ({ $reason }), and the card is not replaced.
template-loss-replaces = “{ $name }”: nothing is revoked, and the card may be replaced.
template-loss-holds = “{ $name }”: nothing is revoked, and the card can only be suspended.
template-most-cards = { $count ->
    [one] One person has at most 1 card.
   *[other] One person has at most { $count } cards.
}
template-most-profiles = { $count ->
    [one] One person has at most 1 profile.
   *[other] One person has at most { $count } profiles.
}
template-most-temporary = { $count ->
    [one] One person has at most 1 temporary card.
   *[other] One person has at most { $count } temporary cards.
}
template-most-requests = { $count ->
    [one] One person has at most 1 open request.
   *[other] One person has at most { $count } open requests.
}
template-request-days = { $count ->
    [one] A request that nobody finishes ends after 1 day.
   *[other] A request that nobody finishes ends after { $count } days.
}
template-holds-disabled = The certificates of somebody who is disabled are on hold meanwhile.
template-asked-by = Asked for by { $names }.
template-no-approval = Needs no approval.
template-approved-by = { $count ->
    [one] Needs 1 approval by { $names }.
   *[other] Needs { $count } approvals by { $names }.
}
template-executed-by = Carried out by { $names }.
template-approver-executes = Whoever has approved it may also carry it out.
template-documents = Forms to print: { $names }.
template-comment-may = A comment may be given.
template-comment-must = A comment has to be given.
template-data-must = “{ $name }” has to be given.
template-data-may = “{ $name }” may be given.
template-one-time = Needs a one-time password, which is good for { $hours } hours and { $tries } tries.
template-one-time-agent = Whoever carries it out for another needs it too.
template-not-revoked = The certificates before it are not revoked.
template-revoked = The certificates before it are revoked ({ $reason }).
template-revoked-later = { $count ->
    [one] The certificates before it are revoked after 1 hour ({ $reason }).
   *[other] The certificates before it are revoked after { $count } hours ({ $reason }).
}
template-disables = The card before it is disabled.
template-possession = The old key has to be shown, or something that stands in for it.
template-same-card = The new certificates go onto the same card.
template-window = { $count ->
    [one] Can be asked for from 1 day before the end.
   *[other] Can be asked for from { $count } days before the end.
}
template-lifetime = { $count ->
    [one] The card ends after 1 hour.
   *[other] The card ends after { $count } hours.
}
template-own = the person whom it is for
template-group = the group { $name }
template-nobody = nobody
template-or = { $first } or { $last }
template-to-versions = What has changed
template-to-check = Check, and the file
template-back-to = Back to the template
versions = What has changed in the template
versions-known = What the template says has been kept since
versions-unknown = What it said before is not known.
versions-none = It has said the same ever since.
versions-from-to = From version { $before } to version { $now }
versions-since = In force since
versions-changes = Changes from version { $before } to version { $now }
versions-where = Where
versions-how = How
versions-before = Before
versions-now = Now
versions-came = new
versions-went = gone
versions-changed = changed
versions-same = None of the sentences has changed. Something else has, for instance names in certificates, keys that are allowed, or the text of a form: compare the files.
versions-back = Back to { $name }
check = The template's file
check-found = { $count ->
    [0] The check found nothing that looks unintended.
    [one] The check found 1 thing that looks unintended.
   *[other] The check found { $count } things that look unintended.
}
check-words = The template works all the same. What is meant stands in the file at the key.
check-caption = What looks unintended
check-line = Line
check-key = Key
check-told = What it is
check-file = The file
check-file-text = This is the file as the server has read it when it was started. Keys that new cards come with stand in it only for those who issue cards of it.
check-take = Save { $name }
