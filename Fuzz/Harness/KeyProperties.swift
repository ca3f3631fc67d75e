internal import ResealAge
internal import ResealSealing

/// Files of keys: a recipient's text names it again, and an identity knows whom it opens for. Nothing is asked and no
/// plugin runs.
enum KeyProperties {
    static func check(_ bytes: [UInt8]) {
        if let recipients = try? RecipientFile.parse(bytes, name: "keys", access: .unattended) {
            for recipient in recipients {
                let again = try? RecipientFile.recipient(recipient.description, access: .unattended)
                demand(again?.description == recipient.description, "a recipient does not read its own text")
            }
        }
        _ = try? IdentityFile.parse(SecretBytes(bytes), name: "keys", access: .unattended)
    }
}
