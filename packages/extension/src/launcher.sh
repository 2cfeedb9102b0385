#!/bin/bash -p
# /opt/extensions/weir. Registers before anything else, because Lambda starts the function's runtime only when every extension has registered;
# then becomes the recorder: weir/main.cjs on the function's own Node, else weir/rt/weir of the runtime layer. Bash alone: nothing is started
# until we are registered.
# Never exits by itself: an extension's process that ends fails the function. (-p: the function's BASH_ENV is not for us.)

shopt -s execfail
export LC_ALL=C
root=${WEIR_ROOT:-/opt}
host=${AWS_LAMBDA_RUNTIME_API%:*} port=${AWS_LAMBDA_RUNTIME_API##*:}
events='["INVOKE","SHUTDOWN"]'
[[ ${AWS_LAMBDA_INITIALIZATION_TYPE-} == lambda-managed-instances ]] && events='["SHUTDOWN"]'

# call METHOD PATH HEADER BODY [TIMEOUT]: one request; sets status, id (Lambda-Extension-Identifier) and answer (the body).
call() {
  local line length=0 wait=${5:+-t $5}
  status= answer=
  { exec 3<>"/dev/tcp/$host/$port"; } 2>/dev/null || return 1
  printf '%s /2020-01-01/extension/%s HTTP/1.1\r\nHost: %s\r\n%s\r\nConnection: close\r\nContent-Length: %s\r\n\r\n%s' \
    "$1" "$2" "$AWS_LAMBDA_RUNTIME_API" "$3" "${#4}" "$4" >&3 2>/dev/null
  # shellcheck disable=SC2086
  while IFS= read -r $wait -u 3 line; do
    line=${line%$'\r'}
    case ${line,,} in
      http/1.?\ *) status=${line:9:3} ;;
      lambda-extension-identifier:*) id=${line#*:} id=${id//[[:space:]]/} ;;
      content-length:*) length=${line//[^0-9]/} ;;
      transfer-encoding:*) length=all ;;
      '') break ;;
    esac
  done
  # shellcheck disable=SC2086
  case $length in
    all) IFS= read -r $wait -d '' -u 3 answer ;;
    ?|??|???|????|?????) (( length > 0 )) && IFS= read -r $wait -N "$length" -u 3 answer ;;
  esac
  exec 3>&-
  [[ $status == 200 ]]
}

unset WEIR_EXT_ID WEIR_EXT_ANSWER id
if call POST register $'Lambda-Extension-Name: weir\r\nLambda-Extension-Accept-Feature: accountId\r\nContent-Type: application/json' \
  "{\"events\":$events}" 5 && [[ -n $id ]]; then
  export WEIR_EXT_ID=$id WEIR_EXT_ANSWER=$answer
fi

# What a function sets for itself must not load code into this process, nor write files for it.
# Not a whole prefix: what else is called NODE_… may hold a secret, and those are looked for. (LD_PRELOAD has acted on bash itself by now.)
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_COMPILE_CACHE NODE_V8_COVERAGE NODE_DEBUG NODE_DEBUG_NATIVE NODE_PATH NODE_REPL_EXTERNAL_MODULE \
  NODE_TLS_REJECT_UNAUTHORIZED NODE_USE_SYSTEM_CA NODE_REDIRECT_WARNINGS NODE_ICU_DATA NODE_CHANNEL_FD NODE_PRESERVE_SYMLINKS_MAIN \
  LD_PRELOAD LD_AUDIT OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES SSLKEYLOGFILE
# Each look-up of a name would start as many threads as the function asked for, of the 1,024 that it shares with us.
export UV_THREADPOOL_SIZE=1
cd /

# Sets version to the major version of a Node installation: from its header file where there is one, because starting Node to ask costs more than
# all of this.
major() {
  local word name value=
  if [[ -r ${1%/bin/node}/include/node/node_version.h ]]; then
    while read -r word name value; do [[ $name == NODE_MAJOR_VERSION ]] && break; done <"${1%/bin/node}/include/node/node_version.h"
  else
    value=$("$1" --version 2>/dev/null) value=${value#v} value=${value%%.*}
  fi
  [[ $value =~ ^[0-9]+$ ]] && version=$value || version=0
}

main=$root/weir/main.cjs program=$root/weir/rt/weir
if [[ -z ${WEIR_STREAM_ARN-} ]]; then
  echo "weir: idle: WEIR_STREAM_ARN: not set; expected arn:aws:kinesis:<region>:<account>:stream/<name>"
else
  node=${WEIR_NODE:-/var/lang/bin/node}
  if [[ -r $main && -x $node ]]; then
    major "$node"
    flags=(--v8-pool-size=0 --max-old-space-size=64 --max-semi-space-size=1)
    # The C library takes memory by the 128 KB otherwise: half a megabyte that nobody uses.
    (( version >= 18 )) && MALLOC_TOP_PAD_=0 exec "$node" "${flags[@]}" "$main"
  fi
  if [[ -x $program ]]; then
    unset "${!BUN_@}" "${!MIMALLOC_@}"
    # One tier of compiled code and a small heap, for a thread and a third of the memory less, and no slower at what we do.
    BUN_JSC_forceMiniVMMode=1 BUN_JSC_useDFGJIT=0 BUN_JSC_useConcurrentJIT=0 BUN_JSC_useWasm=0 exec "$program"
  fi
  if [[ -x $program ]]; then
    echo "weir: idle: $program cannot be started here: it is for another architecture or C library"
  elif [[ -r $main ]]; then
    echo "weir: idle: no Node 18 or later here; add the weir-runtime layer"
  else
    echo "weir: idle: $main is missing"
  fi
fi

# Idle: ask for events, do nothing with them, end at SHUTDOWN.
while :; do
  if [[ -n ${WEIR_EXT_ID-} ]] && call GET event/next "Lambda-Extension-Identifier: $WEIR_EXT_ID" ''; then
    [[ $answer == *'"SHUTDOWN"'* ]] && exit 0
  else
    read -r -t 1 <><(:) || :
  fi
done
