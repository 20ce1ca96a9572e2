"""Writes check-lists.json: an implementation of its own, after README.md alone. Then write SHA256SUMS anew."""
import base64
import hashlib
import hmac
import json
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

GENESIS = hashlib.sha256(b'dunant check list genesis').hexdigest()
STATUSES = ['valid', 'updated', 'corrected', 'withdrawn', 'published']


def mac(key, label):
    return hmac.new(key, label.encode(), hashlib.sha256).digest()


def sealed(key, plain):
    return AESGCM(key).encrypt(bytes(12), plain, None)


def derived(code, account, epoch):
    salt = hashlib.sha256(f'dunant-check-v1\n{GENESIS}\n{epoch}\n'.encode()).digest()
    password = (code + (account or '')).encode()
    key = hashlib.scrypt(password, salt=salt, n=2**13, r=8, p=1, dklen=32, maxmem=2**26)
    place = mac(key, 'dunant-check-place-v1')
    return password, salt, key, place[0] * 256 + place[1]


def slot(key, context, status, since, text):
    tag = mac(key, f'dunant-check-tag-v1\n{context}')[:16]
    first, records, text_key = text
    plain = bytes([STATUSES.index(status) + 1, records])
    plain += first.to_bytes(2, 'big') + since.to_bytes(2, 'big') + text_key
    return tag + sealed(mac(key, f'dunant-check-slot-v1\n{context}'), plain + bytes(32 - len(plain)))


def text_records(context, text, content):
    first, records, text_key = text
    data = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(',', ':')).encode()
    plain = len(data).to_bytes(4, 'big') + data
    plain += bytes(records * 4096 - 16 - len(plain))
    return sealed(mac(text_key, f'dunant-check-text-v1\n{context}{first}\n'), plain)


codes = {one['name']: one['code'] for one in json.loads(Path(__file__).with_name('check-codes.json').read_text())['valid']}
lists = [
    ('contoso.example', '2026-11-24T06:00:00Z', '2026-Q4', 'first'),
    ('fabrikam.example', '2027-01-01T00:00:00Z', '2027-Q1', 'second'),
]
people = [
    ('random 1', 'tashi@contoso.example', 'valid', 'short'),
    ('random 2', 'عمر', 'withdrawn', 'long'),
    ('random 3', None, 'published', 'short'),
]
contents = {
    'short': ({'words': 'Change your password.'}, 0, 1),
    'long': ({'words': 'Смените пароль на другом устройстве. ' * 90}, 1, 2),
}
valid = []
for filer, release, epoch, seed in lists:
    list_salt = hashlib.sha256(f'dunant check list salt {seed}'.encode()).hexdigest()
    context = f'{filer}\n{release}\n{list_salt}\n'
    texts = {}
    for name, (content, first, records) in contents.items():
        key = hashlib.sha256(f'dunant check list text {seed} {name}'.encode()).digest()[:16]
        texts[name] = (first, records, key)
    entries = []
    for since, (name, account, status, text) in enumerate(people, 20_781):
        password, salt, key, place = derived(codes[name], account, epoch)
        entry = {
            'code': codes[name],
            'password': password.hex(),
            'salt': salt.hex(),
            'key': key.hex(),
            'place': place,
            'buckets': [place * count // 65536 for count in (1, 2, 512, 8192)],
            'status': status,
            'since_day': since,
            'text': text,
            'slot': slot(key, context, status, since, texts[text]).hex(),
        }
        entries.append(entry if account is None else {'account': account} | entry)
    written = []
    for name, place in texts.items():
        blob = text_records(context, place, contents[name][0])
        written.append(
            {
                'name': name,
                'first': place[0],
                'records': place[1],
                'key': place[2].hex(),
                'content': contents[name][0],
                'sealed': base64.b64encode(blob).decode(),
            }
        )
    valid.append(
        {
            'name': f'{filer} at {release}',
            'filer': filer,
            'release': release,
            'epoch': epoch,
            'list_salt': list_salt,
            'entries': entries,
            'texts': written,
        }
    )
Path(__file__).with_name('check-lists.json').write_text(
    json.dumps({'genesis': GENESIS, 'valid': valid}, ensure_ascii=False, indent=1) + '\n'
)
