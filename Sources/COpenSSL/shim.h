// Swift imports neither OpenSSL's function-like macros nor OSSL_PARAM arrays safely (the parameters keep pointers to
// their values), so whatever needs them is wrapped here.
#pragma once
#include <openssl/crypto.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

static inline void *reseal_secure_malloc(size_t n) { return CRYPTO_secure_malloc(n, "reseal", 0); }
static inline void reseal_secure_free(void *p, size_t n) { CRYPTO_secure_clear_free(p, n, "reseal", 0); }

// HMAC (RFC 2104) of two parts, over a digest that was fetched once. OpenSSL's own HMAC and HKDF look their digest up
// by name in every call, which costs several times the hashing of a short message.
static inline int reseal_hmac(EVP_MD_CTX *c, const EVP_MD *md, const void *key, size_t key_n, const void *a, size_t a_n,
                              const void *b, size_t b_n, unsigned char *out) {
    unsigned char pad[64] = {0};  // The block of SHA-1 and SHA-256.
    unsigned int n = 0;
    int ok = EVP_MD_get_block_size(md) == sizeof pad;
    if (ok && key_n > sizeof pad) {
        ok = EVP_Digest(key, key_n, pad, &n, md, NULL);
    } else if (ok && key_n > 0) {
        memcpy(pad, key, key_n);
    }
    for (size_t i = 0; i < sizeof pad; i++) pad[i] ^= 0x36;
    ok = ok && EVP_DigestInit_ex2(c, md, NULL) && EVP_DigestUpdate(c, pad, sizeof pad) && EVP_DigestUpdate(c, a, a_n)
         && EVP_DigestUpdate(c, b, b_n) && EVP_DigestFinal_ex(c, out, &n);
    for (size_t i = 0; i < sizeof pad; i++) pad[i] ^= 0x36 ^ 0x5c;
    ok = ok && EVP_DigestInit_ex2(c, md, NULL) && EVP_DigestUpdate(c, pad, sizeof pad) && EVP_DigestUpdate(c, out, n)
         && EVP_DigestFinal_ex(c, out, &n);
    OPENSSL_cleanse(pad, sizeof pad);
    return ok;
}

// HKDF-SHA-256 (RFC 5869) of at most 32 bytes, hence one round of its second half.
static inline int reseal_hkdf_sha256(EVP_MD_CTX *c, const EVP_MD *sha256, const void *ikm, size_t ikm_n,
                                     const void *salt, size_t salt_n, const void *info, size_t info_n,
                                     unsigned char *out, size_t n) {
    unsigned char extracted[32], expanded[32];
    int ok = n <= sizeof expanded && reseal_hmac(c, sha256, salt, salt_n, ikm, ikm_n, NULL, 0, extracted)
             && reseal_hmac(c, sha256, extracted, sizeof extracted, info, info_n, "\x01", 1, expanded);
    if (ok) memcpy(out, expanded, n);
    OPENSSL_cleanse(extracted, sizeof extracted);
    OPENSSL_cleanse(expanded, sizeof expanded);
    return ok;
}

// Sets cipher, key and nonce. A nonce of other than 12 bytes has to be announced between cipher and nonce.
static inline int reseal_aead_begin(EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher, const unsigned char *key,
                                    const unsigned char *nonce, size_t nonce_n, int encrypts) {
    if (nonce_n == 12) return EVP_CipherInit_ex2(c, cipher, key, nonce, encrypts, NULL);
    return EVP_CipherInit_ex2(c, cipher, NULL, NULL, encrypts, NULL) == 1
           && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce_n, NULL) == 1
           && EVP_CipherInit_ex2(c, NULL, key, nonce, encrypts, NULL) == 1;
}

// One-shot AEAD: `out` receives text and a 16-byte tag behind it. The context is caller-owned so that bulk work can
// reuse it.
static inline int reseal_aead_seal(EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher, const unsigned char *key,
                                   const unsigned char *nonce, size_t nonce_n, const void *aad, size_t aad_n,
                                   const void *text, size_t n, unsigned char *out) {
    int w = 0;
    if (reseal_aead_begin(c, cipher, key, nonce, nonce_n, 1) != 1) return 0;
    if (aad_n > 0 && EVP_EncryptUpdate(c, NULL, &w, (const unsigned char *)aad, (int)aad_n) != 1) return 0;
    if (n > 0 && EVP_EncryptUpdate(c, out, &w, (const unsigned char *)text, (int)n) != 1) return 0;
    if (EVP_EncryptFinal_ex(c, out + n, &w) != 1) return 0;
    return EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, out + n);
}

// `n` counts the text without its tag, which stands behind it in `sealed`.
static inline int reseal_aead_open(EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher, const unsigned char *key,
                                   const unsigned char *nonce, size_t nonce_n, const void *aad, size_t aad_n,
                                   const unsigned char *sealed, size_t n, unsigned char *out) {
    int w = 0;
    unsigned char last[32];
    if (reseal_aead_begin(c, cipher, key, nonce, nonce_n, 0) != 1) return 0;
    if (aad_n > 0 && EVP_DecryptUpdate(c, NULL, &w, (const unsigned char *)aad, (int)aad_n) != 1) return 0;
    if (n > 0 && EVP_DecryptUpdate(c, out, &w, sealed, (int)n) != 1) return 0;
    if (EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, (void *)(sealed + n)) != 1) return 0;
    return EVP_DecryptFinal_ex(c, last, &w);
}
