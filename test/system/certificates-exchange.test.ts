/** `openssl ca` as the exchange: our request, its signature, its answer in the forms that authorities send. */
import { mkdir, writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { makeStage, type Stage } from '../support/cert-stage.js';
import { runProgram } from '../support/program.js';

const POLICY = `
[ca]
default_ca = exchange
[exchange]
dir = .
database = $dir/index.txt
new_certs_dir = $dir
serial = $dir/serial
certificate = $dir/issuing.pem
private_key = $dir/issuing.key
default_md = sha256
default_days = 365
policy = anything
copy_extensions = copy
unique_subject = no
x509_extensions = leaf
[anything]
countryName = optional
organizationName = optional
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;

/** A root and an issuing authority below it, in `exchange/`. */
async function exchange(t: ExecutionContext, stage: Stage) {
  const cwd = stage.path('exchange');
  await mkdir(cwd);
  await writeFile(`${cwd}/ca.cnf`, POLICY);
  await writeFile(`${cwd}/index.txt`, '');
  await writeFile(`${cwd}/serial`, '1000\n');
  const sh = async (script: string) => {
    const { status, output } = await runProgram('sh', ['-e', '-c', script], { cwd });
    t.is(status, 0, output);
  };
  const authority = '-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign';
  await sh(`
    openssl req -x509 -noenc -newkey rsa:2048 -days 30 -subj /O=Exchange/CN=Root -keyout root.key -out root.pem ${authority}
    openssl req -x509 -noenc -newkey rsa:2048 -days 30 -subj /O=Exchange/CN=Issuing -keyout issuing.key -out issuing.pem \\
      -CA root.pem -CAkey root.key ${authority}`);
  return {
    sh,
    sign: (csr: string, out: string) => sh(`openssl ca -batch -notext -config ca.cnf -in ${csr} -out ${out}`),
  };
}

test('our request is signed by openssl ca, and its answer as PKCS#7 is installed, verified and renewed', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const { path, cert } = stage;
  const { sh, sign } = await exchange(t, stage);
  await mkdir(path('tls'));
  const dir = ['--dir', path('tls')];
  const names = ['--dns', 'emr.clinic.example', '--ip', '192.0.2.7', '--client', '--server'];
  const out = ['--out', path('emr.csr'), '--key-out', path('tls/openemr.key')];
  await cert(['request', '--subject', '/C=US/O=My Clinic/CN=emr.clinic.example', ...names, ...out]);

  await sign('../emr.csr', 'emr.pem');
  await sh(
    'openssl crl2pkcs7 -nocrl -certfile root.pem -certfile emr.pem -certfile issuing.pem -outform DER -out ../answer.p7b',
  );
  await cert(['import', path('answer.p7b'), '--trust', ...dir]);

  const verified = await cert(['verify', ...dir]);
  t.is(verified.exitStatus, 0, verified.stdout);
  t.regex(verified.stdout, /DNS:emr\.clinic\.example, IP:192\.0\.2\.7/);
  await sh(
    'openssl verify -x509_strict -purpose sslclient -CAfile root.pem -untrusted ../tls/openemrcert.pem ../tls/openemrcert.pem',
  );

  await cert(['renew', '--request', path('again.csr'), ...dir]);
  await sign('../again.csr', 'again.pem');
  await sh(
    'openssl x509 -in again.pem -outform DER -out ../again.cer && openssl x509 -in issuing.pem -outform DER -out ../issuing.cer',
  );
  await cert(['import', path('issuing.cer'), path('again.cer'), ...dir]);

  const renewed = await cert(['verify', ...dir]);
  t.is(renewed.exitStatus, 0, renewed.stdout);
});
