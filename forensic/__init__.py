"""The command-line tool: bits off a device, files out of an image, a case folder kept."""
