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

static inline void *reseal_secure_malloc(size_t n) { return CRYPTO_secure_malloc(n, "reseal", 0); }
static inline void reseal_secure_free(void *p, size_t n) { CRYPTO_secure_clear_free(p, n, "reseal", 0); }

static inline int reseal_hkdf_sha256(EVP_KDF *kdf, const void *ikm, size_t ikm_n, const void *salt, size_t salt_n,
                                     const void *info, size_t info_n, unsigned char *out, size_t n) {
    EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
    if (c == NULL) return 0;
    OSSL_PARAM p[5], *q = p;
    *q++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
    *q++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)ikm, ikm_n);
    if (salt_n > 0) *q++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_n);
    if (info_n > 0) *q++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_n);
    *q = OSSL_PARAM_construct_end();
    int ok = EVP_KDF_derive(c, out, n, p);
    EVP_KDF_CTX_free(c);
    return ok;
}

static inline int reseal_hmac(EVP_MAC *mac, const char *digest, const void *key, size_t key_n, const void *data,
                              size_t data_n, unsigned char *out, size_t out_n) {
    EVP_MAC_CTX *c = EVP_MAC_CTX_new(mac);
    if (c == NULL) return 0;
    OSSL_PARAM p[2];
    p[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0);
    p[1] = OSSL_PARAM_construct_end();
    size_t written = 0;
    int ok = EVP_MAC_init(c, key, key_n, p) == 1 && EVP_MAC_update(c, data, data_n) == 1
             && EVP_MAC_final(c, out, &written, out_n) == 1 && written == out_n;
    EVP_MAC_CTX_free(c);
    return ok;
}

// One-shot AEAD: `out` receives text and a 16-byte tag behind it. The context is caller-owned so that bulk work can
// reuse it.
static inline int reseal_aead_seal(EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher, const unsigned char *key,
                                   const unsigned char *nonce, const void *aad, size_t aad_n, const void *text,
                                   size_t n, unsigned char *out) {
    int w = 0;
    if (EVP_EncryptInit_ex2(c, cipher, key, nonce, NULL) != 1) return 0;
    if (aad_n > 0 && EVP_EncryptUpdate(c, NULL, &w, (const unsigned char *)aad, (int)aad_n) != 1) return 0;
    if (n > 0 && EVP_EncryptUpdate(c, out, &w, (const unsigned char *)text, (int)n) != 1) return 0;
    if (EVP_EncryptFinal_ex(c, out + n, &w) != 1) return 0;
    return EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, out + n);
}

// `n` counts the text without its tag, which stands behind it in `sealed`.
static inline int reseal_aead_open(EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher, const unsigned char *key,
                                   const unsigned char *nonce, const void *aad, size_t aad_n,
                                   const unsigned char *sealed, size_t n, unsigned char *out) {
    int w = 0;
    unsigned char last[32];
    if (EVP_DecryptInit_ex2(c, cipher, key, nonce, NULL) != 1) return 0;
    if (aad_n > 0 && EVP_DecryptUpdate(c, NULL, &w, (const unsigned char *)aad, (int)aad_n) != 1) return 0;
    if (n > 0 && EVP_DecryptUpdate(c, out, &w, sealed, (int)n) != 1) return 0;
    if (EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, (void *)(sealed + n)) != 1) return 0;
    return EVP_DecryptFinal_ex(c, last, &w);
}
