# Reports for auditors.
menu-reports = Reports
reports = Reports
report-which = Report
report-from = From
report-to = Up to and including
report-show = Show
report-no-day = Write a day as year, month and day, such as 2026-01-31.
report-backwards = The last day is before the first.
report-cards = Cards by state
report-issued = Certificates issued
report-revoked = Certificates revoked or on hold
report-decisions = Decisions on requests
report-recovered = Private keys that have left the server
report-period-from = From
report-period-begin = From the beginning
report-period-to = to
report-as-of = As of
report-all-cards = { $count ->
    [one] 1 card in all.
   *[other] { $count } cards in all.
}
report-begin = Back to the beginning
report-file = The whole report as a file (CSV)
report-file-most = At most { $most } rows; if there are more, the last line says so.
report-cut = Cut here after { $most } rows: there are more. Choose a shorter period.
report-template = Template
report-certificate = Certificate template
report-state = State
report-count = Cards
report-at = When
report-what = What
report-for = For whom
report-by = By whom
report-type = Kind of request
report-request = Request
report-to-request = To the request
report-serial = Serial number
report-why = Why
report-comment = Comment
report-word-approved = approved
report-word-denied = denied
report-word-sealedtoagents = given sealed to recovery agents
report-word-madeandgiven = made by the server and given
report-word-recovered = recovered
