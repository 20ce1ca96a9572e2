#!/bin/sh
# A whole Dunant client made of gpg, jq, curl and what every POSIX system has.
#
#   client.sh server-terms.json URL [FOLDER [STEP...]]
#
# server-terms.json is what `dunant init --origin NAME --out server-terms.json` writes; URL is where that server will answer. The
# script founds a coalition there, admits a second company, enrols a customer, notifies the customer, reads the notice as the
# customer would, and checks the receipt. It prints the id of the charter it made, and waits until the server has been told:
# `dunant init --genesis ID; dunant serve`. FOLDER keeps every file that was signed, sent or received, to be looked at afterwards;
# its path must be short, since gpg keeps a socket there. Single steps can be repeated by name in a FOLDER where the earlier ones
# have run.
#
# Every step prints one line. The last line is "ok", or says which step failed.
#
# What this script leaves to a program: the Ed25519 signature of the log under its checkpoint, for which gpg has no command; counting
# quorums and duties in the chain of the directory; and holding the text of a notice against an adopted template.

set -eu
export LC_ALL=C
umask 077

[ $# -ge 2 ] || { echo "usage: $0 server-terms.json URL [FOLDER [STEP...]]" >&2; exit 64; }
terms=$1
url=${2%/}
work=${3:-$(mktemp -d "${TMPDIR:-/tmp}/dunXXXXXX")}
[ $# -ge 3 ] && shift 3 || shift 2

origin=$(jq -r .origin "$terms")
A=contoso.example  # founds the coalition, and notifies its customer
B=fabrikam.example # is admitted, and supports the notice
text='Attackers entered your account on 2026-11-18. Change your password now.'
steps=${*:-make_keys found_coalition admit_party open_sessions enrol_customer open_campaign compose_bundle file_notice support_notice read_notice check_receipt}

# --- Small tools -------------------------------------------------------------------------------------------------------------

hex() { od -An -v -tx1 | tr -d ' \n'; }
unhex() { tr -d '\n' | tr a-f A-F | basenc --base16 -d; }
sha256() { sha256sum "$@" | cut -c 1-64; }
random() { head -c "$1" /dev/urandom | hex; }
is_hex() { case $1 in '' | *[!0-9a-f]*) return 1 ;; esac; [ ${#1} -eq "$2" ]; }
fail() { echo "  $*" >&2; exit 1; }

# Every person has a keyring: a and b are officers of the companies, c is the customer, d holds what the directory proves.
gpg_as() {
  ring=$work/keys-$1
  shift
  gpg --homedir "$ring" --batch --quiet --no-tty --yes --trust-model always --pinentry-mode loopback --passphrase '' "$@" 2>> "$work/gpg.log"
}

fingerprint_of() { gpg_as d --with-colons --show-keys "$1" | grep '^fpr:' | head -n 1 | cut -d : -f 10 | tr A-F a-f; }

# request STATUS OUTPUT CURL-ARGUMENTS...: anything but this status is a failure, and the problem that came instead is shown.
request() {
  wanted=$1
  output=$2
  shift 2
  got=$(curl -sS -o "$output" -w '%{http_code}' "$@")
  [ "$got" = "$wanted" ] || fail "$got: $(head -c 500 "$output")"
}
authorized() { cat "$work/session-$1"; }

# Customers date everything midnight UTC, so that nothing tells the hour at which they act.
midnight_text() { date -u +%Y-%m-%dT00:00:00Z; }
midnight_clock() { date -u +%Y%m%dT000000!; }

# compose TYPE BY FILE: makes an act from the body on standard input. `jq -cSj` writes canonical JSON (RFC 8785) of everything that
# may stand in an act: keys sorted, no white space, no line end.
compose() {
  case $2 in *party*) at=$(date -u +%Y-%m-%dT%H:%M:%SZ) ;; *) at=$(midnight_text) ;; esac
  expires=$(date -u -d "$at + 7 days" +%Y-%m-%dT%H:%M:%SZ)
  jq -cSj --arg type "$1" --argjson by "$2" --arg at "$at" --arg expires "$expires" --arg origin "$origin" \
    --arg directory "$(cat "$work/head")" --arg nonce "$(random 16)" \
    '{$at, body: ., $by, $directory, $expires, $nonce, $origin, $type, v: 1}' > "$3"
}

# sign WHO FILE: an armored detached signature beside the file.
sign() {
  case $1 in
    c) gpg_as c --faked-system-time "$(midnight_clock)" --armor --detach-sign --output "$2.asc" "$2" ;;
    *) gpg_as "$1" --armor --detach-sign --output "$2.asc" "$2" ;;
  esac
}

# submit WHO FILE: signs an act and posts it; it must take effect at once. Prints nothing; the act's id is the hash of its bytes.
submit() {
  sign "$1" "$2"
  request 201 "$2.answer" -F "act=@$2" -F "signature=@$2.asc" "$url/api/acts"
  [ "$(jq -r .id "$2.answer")" = "$(sha256 "$2")" ] || fail 'the server names another act id'
  [ "$(jq -r .status "$2.answer")" = effective ] || fail "the act waits: $(jq -c .missing "$2.answer")"
}

party() { jq -nc --arg party "$1" '{$party}'; }
mailbox() { jq -nc --arg mailbox "$(cat "$work/mailbox")" '{$mailbox}'; }

# --- Merkle trees (RFC 6962) -------------------------------------------------------------------------------------------------

# Hashes two nodes, given as hex: SHA-256(01 || left || right).
node() { printf '01%s%s' "$1" "$2" | unhex | sha256; }

# Reads 2^n leaf hashes, one a line, and prints the root. A level at a time: one file per node, one sha256sum for them all.
root_of() {
  cat > "$work/level"
  while [ "$(wc -l < "$work/level")" -gt 1 ]; do
    rm -rf "$work/nodes"
    mkdir "$work/nodes"
    paste -d '\0' - - < "$work/level" | sed 's/^/01/' | unhex | split -b 65 -a 5 -d - "$work/nodes/"
    sha256 "$work"/nodes/* > "$work/level.next"
    mv "$work/level.next" "$work/level"
  done
  cat "$work/level"
}

# climb INDEX SIZE LEAF-HASH: reads an inclusion path, one hash a line, and prints the root it leads to (RFC 9162, 2.1.3.2).
climb() {
  index=$1
  last=$(($2 - 1))
  hash=$3
  [ "$index" -le "$last" ] || fail 'the leaf lies outside the tree'
  while read -r sibling; do
    is_hex "$sibling" 64 || fail 'the path holds something that is no hash'
    [ "$last" -gt 0 ] || fail 'the path is too long'
    if [ $((index % 2)) -eq 1 ] || [ "$index" -eq "$last" ]; then
      hash=$(node "$sibling" "$hash")
      while [ $((index % 2)) -eq 0 ] && [ "$index" -gt 0 ]; do
        index=$((index / 2))
        last=$((last / 2))
      done
    else
      hash=$(node "$hash" "$sibling")
    fi
    index=$((index / 2))
    last=$((last / 2))
  done
  [ "$last" -eq 0 ] || fail 'the path is too short'
  echo "$hash"
}

# --- What the server says, checked ----------------------------------------------------------------------------------------------

# answer_challenge WHO PURPOSE: uploads a certificate, decrypts the challenge, prints the hex. The decrypted text must be exactly
# the one expected, to the byte: on anything else we say nothing, or a server could have our messages read to it.
answer_challenge() {
  print=$(cat "$work/fingerprint-$1")
  gpg_as "$1" --armor --export-options export-minimal --export "$print" > "$work/challenge-$1.key"
  request 200 "$work/challenge-$1.asc" --data-binary "@$work/challenge-$1.key" -H 'Content-Type: application/pgp-keys' \
    "$url/api/challenges?purpose=$2"
  gpg_as "$1" --output "$work/challenge-$1.txt" --decrypt "$work/challenge-$1.asc"
  answer=$(sed -n 5p "$work/challenge-$1.txt")
  is_hex "$answer" 64 || fail 'this is not a challenge'
  printf 'dunant-challenge-v1\n%s\n%s\n%s\n%s\n' "$origin" "$2" "$print" "$answer" > "$work/challenge-$1.expected"
  cmp -s "$work/challenge-$1.txt" "$work/challenge-$1.expected" || fail 'this is not our challenge'
  echo "$answer"
}

# check_signatures FOLDER: every signature in the folder must be a good one over FOLDER/payload, by a certificate of keyring d. Prints the
# SHA-256 of each signature packet, sorted, as a record lists them; FOLDER/signers names the primary keys.
check_signatures() {
  : > "$1/hashes"
  : > "$1/signers"
  for signature in "$1"/*.asc; do
    gpg_as d --status-file "$1/status" --verify "$signature" "$1/payload" || fail 'a signature does not hold'
    grep -q '^\[GNUPG:\] GOODSIG ' "$1/status" || fail 'the key of a signature is not valid'
    sed -n 's/^\[GNUPG:\] VALIDSIG .* //p' "$1/status" | tr A-F a-f >> "$1/signers"
    gpg_as d --dearmor < "$signature" | sha256 >> "$1/hashes"
  done
  sort "$1/hashes"
}

# unpack FOLDER: takes {payload, signatures} from standard input apart: FOLDER/payload, FOLDER/0.asc, FOLDER/1.asc ...
unpack() {
  rm -rf "$1"
  mkdir "$1"
  cat > "$1/json"
  jq -j .payload "$1/json" | base64 -d > "$1/payload"
  count=$(jq '.signatures | length' "$1/json")
  while [ "$count" -gt 0 ]; do
    count=$((count - 1))
    jq -j ".signatures[$count]" "$1/json" > "$1/$count.asc"
  done
}

# learn_certificates FOLDER: puts the officers' certificates of a governance act into keyring d and notes whose they are.
learn_certificates() {
  jq -r '(.body | .founders // [{domain, officers}])[] | .domain as $d | .officers[]? | "\($d) \(.certificate)"' "$1/payload" > "$1/officers"
  while read -r domain certificate; do
    printf %s "$certificate" | base64 -d > "$1/certificate"
    gpg_as d --import "$1/certificate"
    echo "$domain $(fingerprint_of "$1/certificate")" >> "$work/roster"
  done < "$1/officers"
}

# verify_chain: reads a governance chain (a JSON array of links) and replays it from the genesis id: each record hangs on the one
# before, names its act, and lists exactly the signatures that are there. Leaves the officers in FOLDER/roster and prints the head.
verify_chain() {
  jq -c '.[]' > "$work/links"
  rm -rf "$work/keys-d"
  mkdir "$work/keys-d"
  : > "$work/roster"
  prev=$(printf %064d 0)
  while read -r link; do
    printf %s "$link" | unpack "$work/link"
    jq -j .addendum "$work/link/json" | base64 -d > "$work/link/addendum"
    tail -c +33 "$work/link/addendum" > "$work/link/record" # 32 bytes of salt, then the record
    if [ "$prev" = "$(printf %064d 0)" ]; then
      [ "$(sha256 "$work/link/payload")" = "$(cat "$work/genesis")" ] || fail 'this is another charter'
      learn_certificates "$work/link" # the founders' certificates stand in the charter that they sign
      check_record "$work/link" adopted "$prev"
    else
      check_record "$work/link" adopted "$prev"
      learn_certificates "$work/link"
    fi
    prev=$(sha256 "$work/link/addendum")
  done < "$work/links"
  echo "$prev"
}

# check_record FOLDER EVENT [PREV]: FOLDER/record must be the record of FOLDER/payload.
check_record() {
  check_signatures "$1" > "$1/signatures"
  jq -cSj --arg act "$(sha256 "$1/payload")" --arg event "$2" --rawfile hashes "$1/signatures" --arg prev "${3:-}" \
    '{$act, day, $event, signatures: ($hashes | split("\n") | map(select(. != "")))}
     + if $prev == "" then {directory} else {$prev} end' "$1/record" > "$1/record.expected"
  cmp -s "$1/record" "$1/record.expected" || fail 'a log record says something else than the act and its signatures'
}

# check_proof FOLDER: FOLDER/proof (C2SP tlog-proof) must show that its addendum stands in the tree of its checkpoint. Leaves the record.
check_proof() {
  sed '/^$/,$d' "$1/proof" > "$1/proof.head"
  sed '1,/^$/d' "$1/proof" > "$1/checkpoint"
  [ "$(sed -n 1p "$1/proof.head")" = c2sp.org/tlog-proof@v1 ] || fail 'this is no proof'
  [ "$(sed -n 1p "$1/checkpoint")" = "$origin" ] || fail 'this is the checkpoint of another log'
  sed -n 's/^extra //p' "$1/proof.head" | base64 -d > "$1/addendum"
  tail -c +33 "$1/addendum" > "$1/record"
  # The entry is SHA-256(addendum) || 00000000 || 01, the leaf hash SHA-256(00 || entry).
  leaf=$(printf '00%s0000000001' "$(sha256 "$1/addendum")" | unhex | sha256)
  sed 1,3d "$1/proof.head" | while read -r line; do
    printf %s "$line" | base64 -d | hex
    echo
  done > "$1/path"
  proven=$(climb "$(sed -n 's/^index //p' "$1/proof.head")" "$(sed -n 2p "$1/checkpoint")" "$leaf" < "$1/path")
  [ "$proven" = "$(sed -n 3p "$1/checkpoint" | base64 -d | hex)" ] || fail 'the path does not lead to the root of the checkpoint'
}

# Fetches and verifies the directory; FOLDER/head is what the next act names.
refresh_directory() {
  request 200 "$work/directory.json" "$url/api/directory"
  head=$(jq -c .chain "$work/directory.json" | verify_chain)
  [ "$head" = "$(jq -r .head "$work/directory.json")" ] || fail 'the directory does not end where it says'
  echo "$head" > "$work/head"
}

# The officer of a company, by the verified directory.
officer_of() { grep "^$1 " "$work/roster" | head -n 1 | cut -d ' ' -f 2; }

# fetch_certificate DOMAIN: takes a certificate from the server's /keys and makes sure that it is the one of the directory.
fetch_certificate() {
  print=$(officer_of "$1")
  is_hex "$print" 40 || fail "the directory has no officer of $1"
  request 200 "$work/$1.asc" "$url/keys/$1/$print.asc"
  [ "$(fingerprint_of "$work/$1.asc")" = "$print" ] || fail "this is not the certificate of $1"
}

# open_message WHO DOMAIN INPUT OUTPUT: decrypts a message; it counts only with a good signature of the officer of that company.
open_message() {
  fetch_certificate "$2"
  gpg_as "$1" --import "$work/$2.asc"
  gpg_as "$1" --status-file "$4.status" --output "$4" --decrypt "$3" || fail 'the message cannot be opened'
  grep -q '^\[GNUPG:\] GOODSIG ' "$4.status" || fail 'the message has no good signature'
  grep -q "^\[GNUPG:\] VALIDSIG .* $(officer_of "$2" | tr a-f A-F)\$" "$4.status" || fail 'somebody else signed the message'
}

# --- The steps ----------------------------------------------------------------------------------------------------------------------

# make_key WHO USER-ID [GPG-OPTIONS...]: Ed25519 for signatures, Curve25519 for encryption, no compression, no expiry.
make_key() {
  who=$1
  user_id=$2
  shift 2
  mkdir -p "$work/keys-$who"
  preferences='AES256 AES192 AES SHA512 SHA384 SHA256 Uncompressed'
  gpg_as "$who" "$@" --default-preference-list "$preferences" --quick-generate-key "$user_id" ed25519 sign never
  print=$(gpg_as "$who" --with-colons --list-keys | grep '^fpr:' | head -n 1 | cut -d : -f 10)
  gpg_as "$who" "$@" --quick-add-key "$print" cv25519 encr never
  printf %s "$print" | tr A-F a-f > "$work/fingerprint-$who"
}

make_keys() {
  make_key a "Officer of Contoso <security@$A>"
  make_key b "Officer of Fabrikam <security@$B>"
  # A mailbox key tells nothing: one user ID, "mailbox", and every date in it a midnight.
  make_key c mailbox --faked-system-time "$(midnight_clock)"
  said="$(cat "$work/fingerprint-a") $(cat "$work/fingerprint-b") $(cat "$work/fingerprint-c")"
}

certificate() { gpg_as "$1" --export-options export-minimal --export "$(cat "$work/fingerprint-$1")" | base64 -w 0; }

found_coalition() {
  printf %064d 0 > "$work/head"
  duties='["admin","counsel","reporter","responder","reviewer"]'
  jq -c --arg domain "$A" --arg certificate "$(certificate a)" --argjson duties "$duties" '{
    founders: [{$domain, officers: [{$certificate, $duties}]}],
    log_key, service_certificate, templates: [],
    quorums: {admit: [2, 3], advisory_reviewers: 2, amend: [2, 3], dossier_panelists: 7, suspend: [2, 3], suspend_others: 2,
      template_members: 3, template_partners: 1},
    witnesses: {keys: [], quorum: 0}}' "$terms" | compose charter.adopt "$(party "$A")" "$work/charter.json"
  sha256 "$work/charter.json" > "$work/genesis"
  echo "genesis $(cat "$work/genesis")"
  # The server accepts this charter and no other, once its operator has told it this id: dunant init --genesis ID; dunant serve
  tries=0
  until [ "$(curl -s "$url/api/directory" | jq -r .genesis 2> /dev/null)" = "$(cat "$work/genesis")" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || fail 'nobody told the server about this charter'
    sleep 0.2
  done
  submit a "$work/charter.json"
  refresh_directory
  said="$origin, directory $(cat "$work/head")"
}

admit_party() {
  challenge=$(answer_challenge b officer)
  jq -nc --arg domain "$B" --arg certificate "$(certificate b)" --arg challenge "$challenge" '{$domain, kind: "member",
    officers: [{$certificate, $challenge, duties: ["admin", "reporter", "reviewer"]}]}' |
    compose party.admit "$(party "$A")" "$work/admit.json"
  submit a "$work/admit.json"
  refresh_directory
  [ "$(officer_of "$B")" = "$(cat "$work/fingerprint-b")" ] || fail 'the directory lacks the new party'
  said="$B, directory $(cat "$work/head")"
}

# open_session WHO BY: signs a session.open over the server's nonce; the token that comes back only reads, and uploads ciphertext.
open_session() {
  request 200 "$work/nonce-$1" "$url/api/session/nonce"
  jq -c '{session: .nonce}' "$work/nonce-$1" | compose session.open "$2" "$work/session-$1.json"
  sign "$1" "$work/session-$1.json"
  request 200 "$work/session-$1.answer" -F "act=@$work/session-$1.json" -F "signature=@$work/session-$1.json.asc" "$url/api/session"
  printf 'Authorization: Bearer %s' "$(jq -r .token "$work/session-$1.answer")" > "$work/session-$1"
}

open_sessions() {
  open_session a "$(party "$A")"
  open_session b "$(party "$B")"
  said="for $A and $B"
}

# The company hands an invitation to its customer inside its own product, and publishes only the hash of it.
enrol_customer() {
  invitation=$(random 32)
  printf %s "$invitation" | unhex | sha256 | jq -Rc '{tokens: [.]}' | compose mailbox.invite "$(party "$A")" "$work/invite.json"
  submit a "$work/invite.json"

  # The id names the key: base32 of the first 160 bits of SHA-256("dunant-mailbox-v1" || fingerprint || salt).
  salt=$(random 16)
  print=$(cat "$work/fingerprint-c")
  mailbox_id "$print" "$salt" > "$work/mailbox"
  challenge=$(answer_challenge c mailbox)
  jq -nc --arg certificate "$(certificate c)" --arg challenge "$challenge" --arg invitation "$invitation" \
    --arg mailbox "$(cat "$work/mailbox")" --arg salt "$salt" \
    '{$certificate, $challenge, identifiable: false, $invitation, $mailbox, $salt}' |
    compose mailbox.enrol "$(jq -nc --arg key "$print" '{$key}')" "$work/enrol.json"
  submit c "$work/enrol.json"
  said="mailbox $(cat "$work/mailbox")"
}

mailbox_id() {
  { printf dunant-mailbox-v1; printf %s%s "$1" "$2" | unhex; } | sha256 | head -c 40 | unhex | basenc --base32 | tr A-Z a-z
}

# keep_brief WHO FILE: encrypts a file to the officers of both companies, uploads the message and prints its hash.
keep_brief() {
  fetch_certificate "$A"
  fetch_certificate "$B"
  gpg_as "$1" -z 0 --output "$2.gpg" --recipient-file "$work/$A.asc" --recipient-file "$work/$B.asc" --sign --encrypt "$2"
  brief=$(sha256 "$2.gpg")
  request 201 "$2.answer" -H "$(authorized "$1")" -T "$2.gpg" "$url/api/briefs/$brief"
  echo "$brief"
}

# The invited company first sees a label; the content is encrypted once it has accepted. Nothing in either is about a customer.
open_campaign() {
  echo '{"sector":"email","terms":"no onward sharing","tlp":"AMBER","urgency":"days"}' > "$work/label"
  label=$(keep_brief a "$work/label")
  jq -nc --arg invited "$B" --arg hash "$label" '{invited: [$invited], label: $hash}' |
    compose campaign.open "$(party "$A")" "$work/campaign.json"
  submit a "$work/campaign.json"

  request 200 "$work/label.received" -H "$(authorized b)" "$url/api/briefs/$label"
  open_message b "$A" "$work/label.received" "$work/label.read"
  cmp -s "$work/label" "$work/label.read" || fail 'the invited company reads another label'
  jq -nc --arg campaign "$(sha256 "$work/campaign.json")" '{$campaign}' | compose campaign.accept "$(party "$B")" "$work/accept.json"
  submit b "$work/accept.json"

  echo 'Sign-ins with stolen sessions from hosting networks, since 2026-11-03.' > "$work/content"
  content=$(keep_brief a "$work/content")
  jq -nc --arg campaign "$(sha256 "$work/campaign.json")" --arg content "$content" '{$campaign, $content}' |
    compose campaign.share "$(party "$A")" "$work/share.json"
  submit a "$work/share.json"
  said="campaign $(sha256 "$work/campaign.json")"
}

# entity TO: the MIME entity that the company signs; its first bytes are "Content-Type:", which tells it from every act.
entity() {
  printf 'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\nIssued to %s at %s.\r\n' "$text" "$1" "$origin"
}

# One line for the customer's mailbox; one for whoever shows the notice in the product; then random ones, so that nobody can count.
compose_bundle() {
  # The company asks for the mailbox that its customer named, and makes sure that the id names the key it is given.
  request 200 "$work/mailbox.json" -H "$(authorized a)" "$url/api/mailboxes/$(cat "$work/mailbox")"
  jq -j .certificate "$work/mailbox.json" | base64 -d > "$work/mailbox.key"
  print=$(fingerprint_of "$work/mailbox.key")
  named=$(mailbox_id "$print" "$(jq -r .salt "$work/mailbox.json")")
  [ "$named" = "$(cat "$work/mailbox")" ] || fail 'the mailbox id does not name this key'

  # One message, to one key: a session key packet, then the encrypted and integrity-protected packet, uncompressed inside.
  entity "mailbox $(cat "$work/mailbox")" > "$work/entity"
  gpg_as a -z 0 --recipient-file "$work/mailbox.key" --sign --encrypt < "$work/entity" > "$work/message"
  jq -nc --arg mailbox "$(cat "$work/mailbox")" --arg message "$(base64 -w 0 "$work/message")" '{$mailbox, $message}' > "$work/lines"

  # Its twin: SHA-256(salt || signed notice), for the same customer as an account.
  entity 'anna@contoso.example' > "$work/entity-product"
  gpg_as a -z 0 --sign < "$work/entity-product" > "$work/notice-product.gpg"
  random 32 > "$work/notice-product.salt"
  { unhex < "$work/notice-product.salt"; cat "$work/notice-product.gpg"; } | sha256 > "$work/commitments"
  random $((32 * 1022)) | fold -w 64 >> "$work/commitments"
  echo >> "$work/commitments" # `fold` leaves the last line open
  sed 's/.*/{"commitment":"&"}/' "$work/commitments" >> "$work/lines"
  sort "$work/lines" > "$work/bundle"
  [ "$(sort -u "$work/lines" | wc -l)" -eq 1024 ] || fail 'the bundle has not 1,024 different lines'

  # The leaf hash of a line is SHA-256(00 || line), without the line end.
  rm -rf "$work/leaves"
  mkdir "$work/leaves"
  number=10000
  while read -r line; do
    printf '\000%s' "$line" > "$work/leaves/$number"
    number=$((number + 1))
  done < "$work/bundle"
  sha256 "$work"/leaves/* | root_of > "$work/root"
  size=$(wc -c < "$work/bundle")
  request 201 "$work/upload.answer" -H "$(authorized a)" -H "Content-Range: bytes 0-$((size - 1))/$size" \
    -H 'Content-Type: application/x-ndjson' -T "$work/bundle" "$url/api/bundles/$(cat "$work/root")?count=1024"
  said="root $(cat "$work/root"), $size bytes"
}

# The act commits to template and brief by salted hashes; invited parties may read the brief.
file_notice() {
  printf '{"method":"stolen-session","window":"2026-11"}' > "$work/brief"
  random 32 > "$work/brief.salt"
  brief=$({ unhex < "$work/brief.salt"; cat "$work/brief"; } | sha256)
  random 32 > "$work/template.salt"
  template=$({ unhex < "$work/template.salt"; printf %s "$text" | sha256 | unhex; } | sha256)
  brief_message=$(keep_brief a "$work/brief")
  jq -nc --arg brief "$brief" --arg brief_message "$brief_message" --arg campaign "$(sha256 "$work/campaign.json")" \
    --arg reporter "$(cat "$work/fingerprint-a")" --arg root "$(cat "$work/root")" --arg template "$template" \
    '{$brief, $brief_message, bundle: {count: 1024, $root}, $campaign, kind: "first", $reporter, $template}' |
    compose notice.file "$(party "$A")" "$work/notice.json"
  submit a "$work/notice.json"
  said="notice $(sha256 "$work/notice.json")"
}

support_notice() {
  jq -nc --arg notice "$(sha256 "$work/notice.json")" '{$notice, statements: ["issuer_is_genuine", "same_actor_seen"]}' |
    compose notice.support "$(party "$B")" "$work/support.json"
  submit b "$work/support.json"
  said="$B: $(jq -r '.body.statements | join(", ")' "$work/support.json")"
}

# From here on the customer acts, who knows three things beforehand: origin, genesis id, and their own key.
read_notice() {
  refresh_directory
  open_session c "$(mailbox)"
  request 200 "$work/lines.json" -H "$(authorized c)" "$url/api/mailboxes/$(cat "$work/mailbox")/lines"
  jq -j .payload "$work/lines.json" | base64 -d > "$work/lines.payload"
  jq -j .signature "$work/lines.json" > "$work/lines.payload.asc"
  jq -j '.body.service_certificate' "$work/charter.json" | base64 -d > "$work/service.gpg"
  gpg_as d --import "$work/service.gpg"
  service=$(fingerprint_of "$work/service.gpg" | tr a-f A-F)
  gpg_as d --status-file "$work/lines.status" --verify "$work/lines.payload.asc" "$work/lines.payload" || fail 'nobody signed the list of lines'
  grep -q "^\[GNUPG:\] VALIDSIG .* $service\$" "$work/lines.status" || fail 'the service did not sign the list of lines'
  [ "$(jq -r '"\(.kind) \(.mailbox) \(.origin)"' "$work/lines.payload")" = "mailbox.lines $(cat "$work/mailbox") $origin" ] ||
    fail 'the list of lines is for somebody else'
  [ "$(jq '.lines | length' "$work/lines.payload")" = 1 ] || fail 'there is not exactly one line'
  root=$(jq -r '.lines[0].root' "$work/lines.payload")
  index=$(jq -r '.lines[0].index' "$work/lines.payload")
  jq -r '.lines[0].notice' "$work/lines.payload" > "$work/notice"

  # The line must stand in the bundle. That the act names this bundle is shown by the receipt.
  request 200 "$work/line.json" -H "$(authorized c)" "$url/api/bundles/$root/lines/$index"
  jq -j .line "$work/line.json" > "$work/line"
  leaf=$({ printf '\000'; cat "$work/line"; } | sha256)
  proven=$(jq -r '.path[]' "$work/line.json" | climb "$index" "$(jq .count "$work/line.json")" "$leaf")
  [ "$proven" = "$root" ] || fail 'the line does not stand in the bundle'
  echo "$root" > "$work/root.proven"

  # Only now is it opened; and it counts only with the signature of the company that filed it.
  [ "$(jq -r .mailbox "$work/line")" = "$(cat "$work/mailbox")" ] || fail 'the line is for another mailbox'
  jq -j .message "$work/line" | base64 -d > "$work/received"
  open_message c "$A" "$work/received" "$work/opened"
  [ "$(head -c 13 "$work/opened")" = Content-Type: ] || fail 'the message holds something else than a notice'

  jq -nc --arg notice "$(cat "$work/notice")" --argjson index "$index" '{$index, $notice}' |
    compose notice.acknowledge "$(mailbox)" "$work/acknowledge.json"
  # Repeating the step finds it acknowledged.
  [ -e "$work/acknowledge.json.answer" ] || submit c "$work/acknowledge.json"
  said=$(tr -d '\r' < "$work/opened" | sed '1,/^$/d' | tr '\n' ' ')
}

# check_sealed FOLDER EVENT: {payload, signatures, proof} from standard input.
check_sealed() {
  unpack "$1"
  jq -j .proof "$1/json" > "$1/proof"
  check_proof "$1"
  check_record "$1" "$2"
  grep -q "^$(jq -r .directory "$1/record")\$" "$work/heads" || fail 'a record names a directory that is not in the chain'
  author=$(jq -r .by.party "$1/payload")
  while read -r signer; do
    grep -q -F -x "$author $signer" "$work/roster" || fail "somebody else signed for $author"
  done < "$1/signers"
}

check_receipt() {
  request 200 "$work/receipt.json" -H "$(authorized c)" "$url/api/acts/$(cat "$work/notice")/receipt"
  [ "$(jq -r '"\(.origin) \(.genesis)"' "$work/receipt.json")" = "$origin $(cat "$work/genesis")" ] || fail 'this is a receipt of another coalition'

  # The roster first: the chain from the genesis id, and the record by which the log published its head.
  head=$(jq -c .directory.chain "$work/receipt.json" | verify_chain)
  [ "$head" = "$(jq -r .directory.head "$work/receipt.json")" ] || fail 'the chain of the receipt ends elsewhere'
  jq -r '.directory.chain[].addendum' "$work/receipt.json" | while read -r addendum; do
    printf %s "$addendum" | base64 -d | sha256
  done > "$work/heads"
  mkdir -p "$work/published"
  jq -j .directory.proof "$work/receipt.json" > "$work/published/proof"
  check_proof "$work/published"
  [ "$(jq -r '"\(.event) \(.head) \(.size)"' "$work/published/record")" = "directory.head $head $(sed -n 's/^index //p' "$work/published/proof.head")" ] ||
    fail 'the log published another directory'

  # Then the notice: bytes, signatures, record, log.
  jq -c .act "$work/receipt.json" | check_sealed "$work/filed" adopted
  [ "$(sha256 "$work/filed/payload")" = "$(cat "$work/notice")" ] || fail 'this is the receipt of another act'
  [ "$(jq -r '"\(.type) \(.by.party) \(.body.bundle.root)"' "$work/filed/payload")" = "notice.file $A $(cat "$work/root.proven")" ] ||
    fail 'the notice names another bundle'
  [ "$(jq -r .body.reporter "$work/filed/payload")" = "$(officer_of "$A")" ] || fail 'the notice names another reporter'

  # And who supports it.
  [ "$(jq '.supports | length' "$work/receipt.json")" = 1 ] || fail 'the receipt has not exactly one support'
  jq -c '.supports[0]' "$work/receipt.json" | check_sealed "$work/supported" adopted
  [ "$(jq -r '"\(.type) \(.body.notice)"' "$work/supported/payload")" = "notice.support $(cat "$work/notice")" ] || fail 'the support is of another notice'
  said="leaf $(sed -n 's/^index //p' "$work/filed/proof.head") of $(sed -n 2p "$work/filed/checkpoint"); supported by $(jq -r .by.party "$work/supported/payload")"
}

# --- Run them -----------------------------------------------------------------------------------------------------------------------

step=start
finish() {
  status=$?
  for ring in "$work"/keys-*; do
    [ ! -d "$ring" ] || GNUPGHOME=$ring gpgconf --kill all || true
  done
  [ "$status" -eq 0 ] && echo ok || echo "failed: $step (what gpg said is in $work/gpg.log)"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

for step in $steps; do
  said=
  "$step"
  echo "$step: $said"
done
