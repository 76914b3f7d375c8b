"""What `bitrace packs` does, a module for each kind of work. Prints; knows no screen."""
