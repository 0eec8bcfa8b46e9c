# The program that is installed says what can be typed. For every PowerShell of yours: put this line into the file $PROFILE.
cardwright completions powershell | Out-String | Invoke-Expression
