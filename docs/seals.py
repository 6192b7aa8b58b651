#!/usr/bin/env python3
"""Checks numbers and seals of a store, profile plain, one message a line: python3 seals.py CA.pem STORE..."""
import base64, calendar, functools, hashlib, re, subprocess, sys, tempfile, time
NAME = re.compile(rb'\[(?:audit|agent)@\d+(?: kind="([\w-]+)")? run="(\w{16})" seq="(\d+)"((?: [^\] ="]+="(?:[^"\\]|\\.)*")*)\]', re.S)
def openssl(*args): return subprocess.run(["openssl", *args], capture_output=True)
scratch = tempfile.TemporaryDirectory()
def file_of(data):
    with tempfile.NamedTemporaryFile(dir=scratch.name, delete=False) as file: file.write(data)
    return file.name
runs, said, follows, parts, wrong = {}, {}, {}, {}, set()
for path in sys.argv[2:]:
    for line in open(path, "rb").read().split(b"\n")[:-1]:
        if not (name := NAME.search(line)): continue
        kind, run, seq = (name[1] or b"").decode(), name[2].decode(), int(name[3])
        facts = dict(re.findall(r' (\w+)="((?:[^"\\]|\\.)*)"', name[4].decode()))
        if runs.setdefault(run, {}).setdefault(seq, line) != line: wrong.add(f"{run}:{seq} is there twice, and differs")
        if kind in ("seal", "seal-certificate"): said.setdefault((run, seq), (kind, facts))
        if "follows" in facts: follows.setdefault(run, (facts["follows"][:16], int(facts["follows"][17:])))
        if kind == "seal-certificate": parts.setdefault(facts["key"], {})[int(facts["part"].split("/")[0])] = facts["chain"]
def certificates(key):
    ders = [base64.b64decode(each) for each in "".join(text for _, text in sorted(parts.get(key, {}).items())).split(".")]
    if hashlib.sha256(ders[0]).hexdigest() != key: raise ValueError("no certificate")
    return [b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n" for der in ders]
@functools.cache
def signer(key):
    pem = certificates(key)
    cert, more = file_of(pem[0]), file_of(b"".join(pem[1:]))
    public = file_of(openssl("x509", "-in", cert, "-pubkey", "-noout").stdout)
    pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"] if b"rsaEncryption" in openssl("x509", "-in", cert, "-noout", "-text").stdout else []
    return cert, ["-untrusted", more] if len(pem) > 1 else [], public, pss
@functools.cache
def trusted(key, at):
    cert, untrusted, _, _ = signer(key)
    return openssl("verify", "-partial_chain", "-attime", at, "-CAfile", sys.argv[1], *untrusted, cert).returncode == 0
def holds(run, seq, s):
    first, last, (_, _, public, pss) = int(s["first"]), int(s["last"]), signer(s["key"])
    at = str(calendar.timegm(time.strptime(s["time"][:19], "%Y-%m-%dT%H:%M:%S")))
    text = "seal of openemr-audit-forwarder, version 1\nrun=%s\n" % run + "".join("%s=%s\n" % (n, s.get(n, "")) for n in "first last messages before sha256 time key".split())
    frames = b"".join(b"%d %s" % (len(runs[run][n]), runs[run][n]) for n in range(first, last + 1))
    if last != seq - 1 or hashlib.sha256(bytes.fromhex(s.get("before", "")) + frames).hexdigest() != s["sha256"]: return False
    signed = openssl("dgst", "-sha256", *pss, "-verify", public, "-signature", file_of(base64.b64decode(s["signature"])), file_of(text.encode()))
    return signed.returncode == 0 and trusted(s["key"], at)
sealed = {run: set() for run in runs}
for (run, seq), (kind, facts) in sorted(said.items()):
    try: good = kind != "seal" or holds(run, seq, facts)
    except (KeyError, ValueError): good = False
    if kind == "seal" and good: sealed[run].update(range(int(facts["first"]), seq + 1))
    if not good: wrong.add(f"the seal {run}:{seq} does not hold")
ends = {run: max(seq for before, seq in follows.values() if before == run) for run in {before for before, _ in follows.values()}}
for run, stored in runs.items():
    if set(range(1, max(max(stored), ends.get(run, 0)) + 1)) - set(stored): wrong.add(f"{run}: messages are missing")
    if {seq for seq in stored if seq > ends.get(run, max(stored))} - sealed[run]: wrong.add(f"{run}: messages behind its end")
    if run in follows and follows[run][0] not in runs: wrong.add(f"{run}: the run before it is missing")
    excused = max(sealed[run] or {0}) if sealed[run] else 0 if ends.get(run, 9) <= 8 and any(before == run and 1 in sealed[after] for after, (before, _) in follows.items()) else max(stored)
    if {seq for seq in stored if seq <= excused} - sealed[run]: wrong.add(f"{run}: messages under no seal")
print("\n".join(sorted(wrong)) or "SEALED, but for what is behind the last seal of a run")
sys.exit(1 if wrong else 0)
