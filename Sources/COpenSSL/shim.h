// Swift imports neither OpenSSL's function-like macros nor OSSL_PARAM arrays safely (the parameters keep pointers to
// their values), so whatever needs them is wrapped here.
#pragma once
// Blowfish has no other door that takes a key schedule of one's own; see BcryptPBKDF.swift.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/blowfish.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include "keys.h"
#include "peer.h"
#include "verify.h"

// prctl is variadic, which Swift does not import. 0 unless the system refuses.
static inline int reseal_forbid_dumps(void) {
#ifdef __linux__
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#else
    return 0;
#endif
}

static inline void *reseal_secure_malloc(size_t n) { return CRYPTO_secure_malloc(n, "reseal", 0); }
static inline void reseal_secure_free(void *p, size_t n) { CRYPTO_secure_clear_free(p, n, "reseal", 0); }

// HMAC (RFC 2104) of two parts, over a digest that was fetched once. OpenSSL's own HMAC and HKDF look their digest up
// by name in every call, which costs several times the hashing of a short message.
static inline int reseal_hmac(EVP_MD_CTX *c, const EVP_MD *md, const void *key, size_t key_n, const void *a, size_t a_n,
                              const void *b, size_t b_n, unsigned char *out) {
    unsigned char pad[64] = {0};  // The block of SHA-256.
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

// A big-endian number, or bytes.
typedef struct {
    const void *bytes;
    size_t count;
} reseal_number;

static inline int reseal_rsa_push(OSSL_PARAM_BLD *b, const char *name, const BIGNUM *n) {
    return n != NULL && OSSL_PARAM_BLD_push_BN(b, name, n);
}

static inline BIGNUM *reseal_bignum(reseal_number number, int is_secret) {
    BIGNUM *n = is_secret ? BN_secure_new() : BN_new();
    if (n != NULL && is_secret) BN_set_flags(n, BN_FLG_CONSTTIME);
    return n != NULL ? BN_bin2bn((const unsigned char *)number.bytes, (int)number.count, n) : NULL;
}

// d mod (prime - 1)
static inline BIGNUM *reseal_rsa_exponent(const BIGNUM *d, const BIGNUM *prime, BN_CTX *c) {
    BIGNUM *less = BN_secure_new(), *rest = BN_secure_new();
    int ok = less && rest && BN_copy(less, prime) && BN_sub_word(less, 1);
    if (ok) BN_set_flags(less, BN_FLG_CONSTTIME);
    ok = ok && BN_mod(rest, d, less, c);
    BN_clear_free(less);
    if (ok) return rest;
    BN_clear_free(rest);
    return NULL;
}

// An RSA key, the private half in the secure heap. Without `d` it is a public key. The exponents of the Chinese
// remainder theorem, which OpenSSH leaves out of its files, are computed.
static inline EVP_PKEY *reseal_rsa_key(reseal_number n, reseal_number e, const reseal_number *d, const reseal_number *p,
                                       const reseal_number *q, const reseal_number *inverse) {
    static const char *const names[] = {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
                                        OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
                                        OSSL_PKEY_PARAM_RSA_COEFFICIENT1, OSSL_PKEY_PARAM_RSA_EXPONENT1,
                                        OSSL_PKEY_PARAM_RSA_EXPONENT2};
    BIGNUM *numbers[8] = {reseal_bignum(n, 0), reseal_bignum(e, 0)};
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;
    int ok = b && c, count = d != NULL ? 8 : 2;
    if (d != NULL) {
        BN_CTX *scratch = BN_CTX_secure_new();
        numbers[2] = reseal_bignum(*d, 1);
        numbers[3] = reseal_bignum(*p, 1);
        numbers[4] = reseal_bignum(*q, 1);
        numbers[5] = reseal_bignum(*inverse, 1);
        ok = ok && scratch && numbers[2] && numbers[3] && numbers[4];
        numbers[6] = ok ? reseal_rsa_exponent(numbers[2], numbers[3], scratch) : NULL;
        numbers[7] = ok ? reseal_rsa_exponent(numbers[2], numbers[4], scratch) : NULL;
        BN_CTX_free(scratch);
    }
    for (int i = 0; i < count; i++) ok = ok && reseal_rsa_push(b, names[i], numbers[i]);
    params = ok ? OSSL_PARAM_BLD_to_param(b) : NULL;
    if (params == NULL || EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &key, d != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    EVP_PKEY_CTX_free(c);
    for (int i = 0; i < 8; i++) BN_clear_free(numbers[i]);
    return key;
}

// RSAES-OAEP (RFC 8017) with SHA-256 for label and mask. `out_n` says how much room there is, then how much was used.
static inline int reseal_rsa_oaep(EVP_PKEY *key, int is_decryption, const void *label, size_t label_n, const void *in,
                                  size_t in_n, unsigned char *out, size_t *out_n) {
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
    void *copy = OPENSSL_memdup(label, label_n);
    int ok = c && copy && (is_decryption ? EVP_PKEY_decrypt_init(c) : EVP_PKEY_encrypt_init(c)) == 1 &&
             EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha256()) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha256()) == 1;
    // On success the label belongs to the context.
    ok = ok && EVP_PKEY_CTX_set0_rsa_oaep_label(c, copy, (int)label_n) == 1;
    if (!ok) OPENSSL_free(copy);
    ok = ok && (is_decryption ? EVP_PKEY_decrypt(c, out, out_n, (const unsigned char *)in, in_n)
                              : EVP_PKEY_encrypt(c, out, out_n, (const unsigned char *)in, in_n)) == 1;
    EVP_PKEY_CTX_free(c);
    return ok;
}

// Answers OpenSSL's question for the passphrase of a PEM file; without this it would ask at the terminal.
static inline int reseal_pem_answer(char *buffer, int size, int is_writing, void *passphrase) {
    const reseal_number *p = (const reseal_number *)passphrase;
    (void)is_writing;
    if (p->count == 0 || p->count > (size_t)size) return -1;
    memcpy(buffer, p->bytes, p->count);
    return (int)p->count;
}

// A private key in PEM (PKCS #1, PKCS #8; plain or encrypted).
static inline EVP_PKEY *reseal_pem_private_key(const void *text, size_t n, const void *passphrase, size_t pass_n) {
    reseal_number answer = {passphrase, pass_n};
    BIO *b = BIO_new_mem_buf(text, (int)n);
    EVP_PKEY *key = b != NULL ? PEM_read_bio_PrivateKey(b, NULL, reseal_pem_answer, &answer) : NULL;
    BIO_free(b);
    return key;
}

// Decrypts with a cipher looked up by name, without padding; `tag` is NULL for ciphers that have none.
static inline int reseal_decrypt(const char *name, const unsigned char *key, const unsigned char *iv,
                                 const unsigned char *tag, const unsigned char *in, size_t n, unsigned char *out) {
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    unsigned char last[EVP_MAX_BLOCK_LENGTH];
    int w = 0;
    int ok = cipher && c && EVP_DecryptInit_ex2(c, cipher, key, iv, NULL) == 1 &&
             EVP_CIPHER_CTX_set_padding(c, 0) == 1 && EVP_DecryptUpdate(c, out, &w, in, (int)n) == 1 && w == (int)n &&
             (tag == NULL || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, (void *)tag) == 1) &&
             EVP_DecryptFinal_ex(c, last, &w) == 1;
    EVP_CIPHER_CTX_free(c);
    EVP_CIPHER_free(cipher);
    return ok;
}
