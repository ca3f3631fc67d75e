/// Bounds on what one file may make the reader do, so that hostile input costs bounded time and memory.
package struct YAMLLimits: Sendable, Hashable {
    /// Bytes of a file.
    package var fileBytes = 4 << 20
    /// Documents of a file, empty ones included.
    package var documents = 10_000
    /// Levels of mappings and lists inside each other.
    package var depth = 32
    /// Scalars, mappings and lists of a file.
    package var nodes = 400_000
    /// Nodes of a file that aliases stand for, counted as if each alias were written out. Long text counts as several
    /// nodes, one for each 64 bytes.
    package var aliasedNodes = 10_000
    /// Errors reported for a file, and warnings; after these, one more says that there were others.
    package var diagnostics = 100

    package init() {}
}
