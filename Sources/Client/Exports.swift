// Values and versions are what the client is asked for; its users need no second import for them.
@_exported public import ResealWire
