#!/bin/sh
# Makes, once, what a secured cluster needs: an authority, the broker's certificate, and a password for each user. Each
# service finds its own password and the authority's certificate in a folder that no other service sees.
set -eu
cd /secrets
[ -e kafka/done ] && exit 0
umask 077

# PKCS#12 files must have a password. What protects the keys is that only these folders hold them.
store="-storetype PKCS12 -storepass changeit -noprompt"
ec="-keyalg EC -groupname secp256r1 -validity 365"
rm -f kafka/*.p12
ca=$(mktemp -d)/ca.p12 # gone with this container: nobody signs anything else with it
keytool -genkeypair -alias ca -dname "CN=meanstream compose CA" $ec -ext bc:critical=ca:true -ext ku:critical=keyCertSign -keystore $ca $store
keytool -exportcert -rfc -alias ca -keystore $ca $store >kafka/ca.pem
keytool -genkeypair -alias broker -dname "CN=kafka" $ec -keystore kafka/broker.p12 $store
keytool -certreq -alias broker -keystore kafka/broker.p12 $store |
  keytool -gencert -rfc -alias ca -validity 365 -ext san=dns:kafka,dns:localhost -keystore $ca $store >kafka/broker.pem
keytool -importcert -alias ca -file kafka/ca.pem -keystore kafka/broker.p12 $store
keytool -importcert -alias broker -file kafka/broker.pem -keystore kafka/broker.p12 $store

for user in generator processor sink; do
  head -c 24 /dev/urandom | base64 >$user/password
  cp $user/password kafka/$user.password
  cp kafka/ca.pem $user/ca.pem
  chown -R 65532:65532 $user
done
touch kafka/done
chown -R appuser kafka
