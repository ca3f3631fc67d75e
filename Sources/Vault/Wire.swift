// Values, versions and failures belong to whoever speaks of secrets; users of the vault need no second import for them.
@_exported public import ResealWire
