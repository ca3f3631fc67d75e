extension Array where Element == UInt8 {
    /// `withUnsafeBytes` with typed throws, which the standard library's method lacks.
    package func withRawBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let outcome: Result<R, E> = withUnsafeBytes { bytes in Result { () throws(E) in try body(bytes) } }
        return try outcome.get()
    }

    /// `withUnsafeMutableBytes` with typed throws, which the standard library's method lacks.
    package mutating func withMutableRawBytes<R, E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        let outcome: Result<R, E> = withUnsafeMutableBytes { bytes in Result { () throws(E) in try body(bytes) } }
        return try outcome.get()
    }
}
