import Glibc
import ResealCore
import TestSupport

/// The memory of this process as the kernel shows it.
struct ProcessMemory {
    /// One mapping of memory.
    struct Region {
        let range: Range<UInt>
        /// Two-letter flags of `/proc/self/smaps`, among them `lo` (locked) and `dd` (left out of core dumps).
        var flags: Set<String> = []
    }

    /// All mappings that can be written.
    static func regions() throws -> [Region] {
        var regions: [Region] = []
        var isWritable = false
        let text = String(decoding: try AtomicFile.read("/proc/self/smaps", limit: 16 << 20), as: UTF8.self)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            if ends.count == 2 {
                isWritable = words[1].hasPrefix("rw")
                if isWritable { regions.append(Region(range: ends[0]..<ends[1])) }
            } else if words[0] == "VmFlags:", isWritable {
                regions[regions.count - 1].flags = Set(words.dropFirst().map(String.init))
            }
        }
        return regions
    }

    /// The flags of the memory at an address; none where there is no memory.
    static func flags(at address: UInt) throws -> Set<String> {
        try regions().first { $0.range.contains(address) }?.flags ?? []
    }

    /// How often `isPattern` holds for eight bytes in a row anywhere in writable memory. The pattern is not given as
    /// bytes, since those would be found too.
    static func count(where isPattern: (UInt64) -> Bool) throws -> Int {
        let memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
        defer { close(memory) }
        let size = 1 << 20
        let window = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let window, window != MAP_FAILED else { throw Command.Failure(description: "no memory") }
        defer { munmap(window, size) }
        let ours = UInt(bitPattern: window)..<UInt(bitPattern: window) + UInt(size)
        var found = 0
        for region in try regions() {
            for start in stride(from: region.range.lowerBound, to: region.range.upperBound, by: size) {
                let count = pread(memory, window, min(size, Int(region.range.upperBound - start)), off_t(start))
                for offset in stride(from: 0, to: max(0, count) / 8 * 8, by: 8)
                where !ours.contains(start + UInt(offset))
                    && isPattern(window.load(fromByteOffset: offset, as: UInt64.self))
                { found += 1 }
            }
        }
        return found
    }
}
