"""Says which version this is: in results, on the command line and to the build."""

VERSION = "0.2.0.dev0"
