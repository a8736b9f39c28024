"""The forecasters of this package, a file each; every file here is looked through for them."""
