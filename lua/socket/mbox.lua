-- The name under which Debian installs the mail folder parser.
return require("mbox")
