"""The commands: parse, call one workflow, print, choose the exit code."""
