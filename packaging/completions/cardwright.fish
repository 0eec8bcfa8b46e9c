# The program that is installed says what can be typed: the client's, or the server's, which knows more.
cardwright completions fish | source
