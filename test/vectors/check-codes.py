"""Writes check-codes.json: an implementation of its own, after README.md alone. Then write SHA256SUMS anew."""
import hashlib
import json
from pathlib import Path

ALPHABET = 'ABCDEFGHJKLMNOPRSTUVWXYZ'
VALUES = 24**18


def with_check(value, base, check, prime):
    shifted = value * base**check
    return shifted + (1 - shifted) % prime


def letters(value):
    number = with_check(value, 24, 2, 571)
    text = ''
    for _ in range(20):
        text = ALPHABET[number % 24] + text
        number //= 24
    return text


def digits(value):
    return '%030d' % with_check(value, 10, 5, 99991)


def grouped(text, size):
    return '-'.join(text[i : i + size] for i in range(0, len(text), size))


def in_script(text, zero):
    return ''.join(chr(zero + int(sign)) if sign.isdigit() else sign for sign in text)


def full_width(text):
    return ''.join(chr(ord(sign) + 0xFEE0) for sign in text)


def written(text, twins):
    return ''.join(twins.get(sign, sign) for sign in text)


FIGURES = {'O': '0', 'L': '1', 'Z': '2', 'S': '5', 'B': '8'}
CYRILLIC = dict(zip('ABCEHKMOPTXY', 'АВСЕНКМОРТХУ'))
GREEK = dict(zip('ABEZHLKMNOPTYX', 'ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ'))


def valid(name, random):
    code, number = letters(random % VALUES), digits(random % VALUES)
    spellings = [grouped(code, 4), code, grouped(code, 4).lower()]
    spellings += [grouped(number, 5), number, grouped(number, 5).replace('-', ' ')]
    if name.startswith('random'):
        spellings += [written(code, twins) for twins in (FIGURES, CYRILLIC, GREEK)]
        spellings += [code.replace('O', 'Q').replace('L', 'i'), full_width(grouped(code, 4)), full_width(number)]
        spellings += [in_script(grouped(number, 5), 0x660), in_script(number, 0x966)]
        spellings += [in_script(grouped(number, 5).replace('-', ' '), 0x6F0)]
        spellings += ['\u2068' + grouped(number, 5).replace('-', '\u2011') + '\u2069']
        spellings += ['  ' + grouped(code, 4).replace('-', '\u2013') + '\n', '.'.join(code)]
    return {
        'name': name,
        'random': '%064x' % random,
        'code': code,
        'letters': grouped(code, 4),
        'digits': grouped(number, 5),
        'spellings': list(dict.fromkeys(spellings)),
    }


def some(number):
    return int.from_bytes(hashlib.sha256(b'dunant check code %d' % number).digest(), 'big')


def refused():
    code, number = letters(some(1) % VALUES), digits(some(1) % VALUES)
    next_letter = ALPHABET[(ALPHABET.index(code[4]) + 1) % 24]
    next_digit = str((int(number[7]) + 1) % 10)
    malformed = {
        'empty': '',
        'dashes alone': '----',
        '19 letters': code[:-1],
        '21 letters': code + 'A',
        '29 digits': number[:-1],
        '31 digits': number + '0',
        '20 digits, some of which stand for no letter': '34679' * 4,
        'a letter that no look-alike explains': code[:-1] + 'Ж',
        'a digit among letters that is no look-alike': code[:-1] + '3',
        'digits with a letter O for a zero': 'O' + number[1:],
        'too long': 'A' * 201,
    }
    mistyped = {
        'one letter wrong': code[:4] + next_letter + code[5:],
        'first two letters exchanged': code[1] + code[0] + code[2:],
        'first and last letter exchanged': code[-1] + code[1:-1] + code[0],
        'checksum letters exchanged': code[:-2] + code[-1] + code[-2],
        'one digit wrong': number[:7] + next_digit + number[8:],
        'two digits exchanged': number[:3] + number[4] + number[3] + number[5:],
        'digits beyond the greatest value': digits(VALUES),
        'digits of the greatest 25 digits': digits(10**25 - 1),
        'all zeros': '0' * 30,
    }
    return [
        {'name': name, 'refusal': reason, 'text': text}
        for reason, cases in (('check-code-malformed', malformed), ('check-code-mistyped', mistyped))
        for name, text in cases.items()
    ]


named = {'the least value': 0, 'the greatest value': VALUES - 1, 'the remainder begins anew': VALUES}
named |= {'random %d' % i: some(i) for i in range(1, 7)} | {'all bits set': 2**256 - 1}
content = {'refused': refused(), 'valid': [valid(*one) for one in named.items()]}
Path(__file__).with_name('check-codes.json').write_text(json.dumps(content, ensure_ascii=False, indent=1) + '\n')
