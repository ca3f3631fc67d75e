internal import CLibGit2
internal import Glibc
internal import ResealCore

/// One entry of a tree object, pointing into the object's bytes.
struct TreeEntry {
    let mode: UInt32
    let name: UnsafeRawBufferPointer
    /// 20 bytes.
    let id: UnsafeRawBufferPointer

    var isFolder: Bool { mode & 0o170000 == 0o040000 }
    var text: String { String(decoding: name, as: UTF8.self) }

    /// `nil` for a folder and for a mode that Git does not know.
    var kind: TreeFile.Kind? {
        switch mode & 0o170000 {
        case 0o100000: mode & 0o100 == 0 ? .regular : .executable
        case 0o120000: .symlink
        case 0o160000: .submodule
        default: nil
        }
    }

    func hasSameTarget(as other: TreeEntry) -> Bool {
        guard let a = id.baseAddress, let b = other.id.baseAddress else { return false }
        return memcmp(a, b, id.count) == 0
    }

    /// Git's order: by bytes, a folder as if its name ended in `/`.
    static func order(_ a: TreeEntry, _ b: TreeEntry) -> Int32 {
        let shared = min(a.name.count, b.name.count)
        if let x = a.name.baseAddress, let y = b.name.baseAddress {
            let difference = memcmp(x, y, shared)
            if difference != 0 { return difference }
        }
        return Int32(a.byte(at: shared)) - Int32(b.byte(at: shared))
    }

    private func byte(at index: Int) -> UInt8 {
        index < name.count ? name[index] : (index == name.count && isFolder ? UInt8(ascii: "/") : 0)
    }
}

/// Reads the entries of a tree object one by one, and refuses whatever Git would not have written: the comparison of
/// two trees is only right if both are sorted.
struct TreeCursor {
    private let bytes: UnsafeRawBufferPointer
    private let tree: ObjectID
    private var position = 0
    private(set) var current: TreeEntry?

    init(_ bytes: UnsafeRawBufferPointer, tree: ObjectID) throws(GitFailure) {
        self.bytes = bytes
        self.tree = tree
        try advance()
    }

    mutating func advance() throws(GitFailure) {
        guard position < bytes.count else {
            current = nil
            return
        }
        let next = try entry()
        if let current, TreeEntry.order(current, next) >= 0 { throw malformed("is not sorted") }
        current = next
    }

    private mutating func entry() throws(GitFailure) -> TreeEntry {
        var mode: UInt32 = 0
        let start = position
        while position < bytes.count, (48...55).contains(bytes[position]), position - start < 7 {
            mode = mode << 3 | UInt32(bytes[position] - 48)
            position += 1
        }
        guard position > start, position < bytes.count, bytes[position] == UInt8(ascii: " ") else {
            throw malformed("has a malformed mode")
        }
        position += 1
        let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
        guard let base = rest.baseAddress, let end = memchr(base, 0, rest.count) else {
            throw malformed("ends within an entry")
        }
        let name = UnsafeRawBufferPointer(rebasing: rest[..<(UnsafeRawPointer(end) - base)])
        position += name.count + 1
        guard bytes.count - position >= 20 else { throw malformed("ends within an entry") }
        let id = UnsafeRawBufferPointer(rebasing: bytes[position..<(position + 20)])
        position += 20
        let entry = TreeEntry(mode: mode, name: name, id: id)
        try check(entry)
        return entry
    }

    private func check(_ entry: TreeEntry) throws(GitFailure) {
        let name = entry.name
        guard let base = name.baseAddress, name.count > 0, memchr(base, 0x2f, name.count) == nil,
            !(name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") })
        else { throw malformed("has an entry with a name that no file can have") }
        guard entry.isFolder || entry.kind != nil else { throw malformed("has an entry of an unknown mode") }
    }

    private func malformed(_ what: String) -> GitFailure {
        GitFailure(.corrupt, "tree \(tree.short) \(what)", hint: LibGit2.corruptionHint)
    }
}
