#!/usr/bin/env bash
# build-image.sh redis|redis8|valkey8|elasticsearch|firestore|gcs <image>
# Makes a container image from programs that this machine has, for machines that can pull none: a small root folder with
# busybox, the program and the libraries it loads, imported into the engine.
# BUSYBOX is a static busybox. redis: REDIS_SERVER, REDIS_CLI.
# redis8, valkey8: DEBIAN (a root folder that has the program), REDIS_SERVER (the program in it). elasticsearch: ELASTICSEARCH_HOME, JDK.
# firestore: FIRESTORE_JAR, JDK (with jlink). gcs: GCS_SERVER.
set -euo pipefail
name=$1 image=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

lay_base() {
  mkdir -p "$root"/{bin,usr/bin,usr/local/bin,data,tmp,etc,root,storage,var/run}
  chmod 755 "$root"
  chmod 1777 "$root/tmp"
  cp -L "$BUSYBOX" "$root/bin/busybox"
  local applet
  for applet in sh cat awk grep sed sleep ls nc mkdir rm chmod chown echo printf hostname expr dirname basename uname tr wget ps id netstat; do
    ln -sf busybox "$root/bin/$applet"
  done
  ln -sf /bin/busybox "$root/usr/bin/env"
  printf 'root:x:0:0:root:/root:/bin/sh\nelasticsearch:x:1000:1000::/usr/share/elasticsearch:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nelasticsearch:x:1000:\n' >"$root/etc/group"
  printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
}

# Copies the shared libraries that the given programs load.
lay_libraries() {
  local library
  for library in $({ ldd "$@" 2>/dev/null || true; } | grep -oE '/[^ ]+\.so[^ ]*' | sort -u); do
    case $library in "$root"*) continue ;; esac
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
}

# Copies what the C library loads by name only, to look up hosts.
lay_name_service() {
  local library
  for library in /lib/*-linux-gnu/libnss_{dns,files}.so.2 /lib/*-linux-gnu/libresolv.so.2; do
    [ -e "$library" ] || continue
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
}

import_root() {
  local changes=() change
  for change in 'ENV PATH=/usr/local/bin:/usr/bin:/bin' "$@"; do changes+=(--change "$change"); done
  tar -C "$root" -c . | docker import "${changes[@]}" - "$image" >/dev/null
}

entrypoint() {
  cat >"$root/usr/local/bin/$1"
  chmod +x "$root/usr/local/bin/$1"
}

build_redis() {
  cp -L "$REDIS_SERVER" "$root/usr/bin/redis-server"
  [ -z "$REDIS_CLI" ] || cp -L "$REDIS_CLI" "$root/usr/bin/redis-cli"
  lay_libraries "$root"/usr/bin/redis-*
  import_redis
}

import_redis() {
  entrypoint docker-entrypoint.sh <<'SCRIPT'
#!/bin/sh
case "$1" in -* | *.conf) set -- redis-server "$@" ;; esac
[ "$1" = redis-server ] || exec "$@"
exec "$@" --protected-mode no
SCRIPT
  import_root 'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["redis-server"]' 'EXPOSE 6379' 'WORKDIR /data'
}

# The program with the libraries of its own Debian.
build_newer_redis() {
  local library
  for library in $(chroot "$DEBIAN" ldd "$REDIS_SERVER" | grep -oE '/[^ ]+\.so[^ ]*' | sort -u); do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$DEBIAN$library" "$root$library"
  done
  cp -L "$DEBIAN$REDIS_SERVER" "$root/usr/bin/redis-server"
  import_redis
}

build_redis8() { build_newer_redis; }

build_valkey8() { build_newer_redis; }

build_elasticsearch() {
  local home=/usr/share/elasticsearch
  mkdir -p "$root/usr/share"
  cp -R "$ELASTICSEARCH_HOME" "$root$home"
  mkdir -p "$root$home"/{config/jvm.options.d,data,logs,jdk}
  # The server needs the module jdk.jlink, which no linked runtime can hold: so the whole JDK without what only people read.
  tar -C "$JDK" -ch --exclude=./lib/src.zip --exclude=./man --exclude=./include --exclude=./legal --exclude=./jmods --exclude=./demo . |
    tar -C "$root$home/jdk" -x
  cp -L "$(command -v bash)" "$root/bin/bash"
  lay_libraries "$root/bin/bash" "$root$home/jdk/bin/java" $(find "$root$home" -name '*.so')
  lay_name_service
  chown -R 1000:1000 "$root$home" 2>/dev/null || chmod -R a+rwX "$root$home"
  # As in the official image, environment variables such as discovery.type are settings.
  entrypoint docker-entrypoint.sh <<'SCRIPT'
#!/bin/bash
umask 0002
settings=(-E network.host=0.0.0.0)
while IFS='=' read -r -d '' key value; do
  [[ $key =~ ^[a-z0-9_]+\.[a-z0-9_.]+$ && -n $value ]] && settings+=(-E "$key=$value")
done < <(cat /proc/self/environ)
[[ ${1:-} == eswrapper || ${1:-} == elasticsearch ]] && shift
exec /usr/share/elasticsearch/bin/elasticsearch "${settings[@]}" "$@"
SCRIPT
  import_root 'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["eswrapper"]' 'EXPOSE 9200 9300' "WORKDIR $home" 'USER 1000:1000'
}

build_firestore() {
  local modules=java.se,jdk.unsupported,jdk.crypto.ec,jdk.zipfs,jdk.httpserver,jdk.management
  mkdir -p "$root/opt"
  cp -L "$FIRESTORE_JAR" "$root/opt/firestore.jar"
  "$JDK/bin/jlink" --add-modules "$modules" --strip-debug --no-header-files --no-man-pages --output "$root/opt/java"
  lay_libraries "$root/opt/java/bin/java" $(find "$root/opt/java" -name '*.so')
  lay_name_service
  # Understands one command: gcloud beta emulators firestore start --host-port=0.0.0.0:8080
  entrypoint gcloud <<'SCRIPT'
#!/bin/sh
address=0.0.0.0:8080
for argument; do case $argument in --host-port=*) address=${argument#*=} ;; esac; done
exec /opt/java/bin/java -Duser.language=en -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx256m -cp /opt/firestore.jar \
  com.google.cloud.datastore.emulator.firestore.CloudFirestore "--host=${address%:*}" "--port=${address##*:}"
SCRIPT
  import_root 'CMD ["gcloud","beta","emulators","firestore","start","--host-port=0.0.0.0:8080"]' 'EXPOSE 8080'
}

build_gcs() {
  cp -L "$GCS_SERVER" "$root/usr/local/bin/fake-gcs-server"
  import_root 'ENTRYPOINT ["fake-gcs-server"]' 'EXPOSE 4443'
}

lay_base
"build_$name"
