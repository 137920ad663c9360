# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_thingspace_global_optspecs
    string join \n profile= q/quiet v/verbose protocol= base-url= soap-url= username= password-file= api-token-file= app-key= app-secret-file= auto-relogin= session-token-header= store= store-user= store-password-file= store-seal-key-file= share-token= realm= max-login-failures= timeout-ms= connect-timeout-ms= ca-file= user-agent= max-response-bytes= h/help V/version
end

function __fish_thingspace_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_thingspace_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_thingspace_using_subcommand
    set -l cmd (__fish_thingspace_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c thingspace -n "__fish_thingspace_needs_command" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_needs_command" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_needs_command" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_needs_command" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_needs_command" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_needs_command" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_needs_command" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_needs_command" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_needs_command" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_needs_command" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_needs_command" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_needs_command" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_needs_command" -s V -l version -d 'Print version'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "token" -d 'Print the session token'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "request" -d 'Send one request, and print the body of its answer'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "soap" -d 'Call a SOAP operation, and print the envelope of its answer'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "login" -d 'Log in, or take the session that is shared already'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "logout" -d 'End the shared session, for all that share it'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "relogin" -d 'Log in again, if TOKEN is still the shared session token'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "exec" -d 'Run a command with the tokens in its environment'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "proxy" -d 'Serve a local endpoint that adds both tokens to each request'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "status" -d 'Tell what is stored of the account, and whether a login may leave'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "doctor" -d 'Check the set-up, and say what to mend'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "unblock" -d 'Make the lockout guard forget failed logins'
complete -c thingspace -n "__fish_thingspace_needs_command" -f -a "completion" -d 'Print a script that completes command lines'
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l format -d 'How to print it: to be read by a program, or evaluated by a shell' -r -f -a "plain\t''
json\t''
env\t''
powershell\t''
fish\t''
cmd\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l api -d 'Print the API token instead; it is fetched each time'
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l all -d 'Print both tokens, the session token first'
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -l header -d 'Print the header that carries it, as for curl -H @-'
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -s d -l data -d 'The body: text, @FILE, or - for standard input; JSON, unless -H says otherwise' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -s H -l header -d 'A header more; may be given again' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -s i -l include -d 'Print the status and the headers of the answer first'
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand request" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -s d -l data -d 'The element inside soapenv:Body, where the prefix v2 is known: text, @FILE, or - for standard input [default: an empty v2:OPERATION]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -s i -l include -d 'Print the status and the headers of the answer first'
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand soap" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -l json -d 'Print the result, or what failed, as one JSON object'
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -l json -d 'Print the result, or what failed, as one JSON object'
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -l json -d 'Print the result, or what failed, as one JSON object'
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand relogin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand exec" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l listen -d 'The loopback address to listen on; with port 0 the system chooses one' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l bearer-file -d 'Serve only clients that send Authorization: Bearer with what FILE holds' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l unix -d 'Listen on a socket of this machine instead, which only its user can reach' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand proxy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -l json -d 'Print the result, or what failed, as one JSON object'
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l json -d 'Print the result, or what failed, as one JSON object'
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -l login -d 'If all is well, fetch an API token and log in, through the lockout guard as any session'
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -s y -l yes -d 'Do not ask'
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -l json -d 'Print the result, or what failed, as one JSON object'
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand unblock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l profile -d 'The profile of the configuration file to use [env: THINGSPACE_PROFILE]' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l protocol -d 'Which session service to log in to' -r -f -a "rest\t''
soap\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l base-url -d 'Where the REST API is; the paths of requests are appended' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l soap-url -d 'The folder of the .svc services' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l username -d 'The contact that logs in' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l password-file -d 'A file that holds the password, read when a login needs it, and once more when the platform rejected it: it is sent if it has changed by then' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l api-token-file -d 'A file that holds the api token, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l app-key -d 'The application\'s key, to fetch API tokens with' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l app-secret-file -d 'A file that holds the app secret, read as password_file is' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l auto-relogin -d 'Whether a request refused for its session token logs in again and is sent again' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l session-token-header -d 'The request header that carries the session token; a few of the platform\'s endpoints want SessionToken' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l store -d 'Where the lockout guard (and a shared token) lives: in this process (memory:), in files for all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md)' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l store-user -d 'The user of a store on Redis' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l store-password-file -d 'A file that holds the store password, read at every new connection' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l store-seal-key-file -d 'A file with the key that seals shared tokens on Redis: 32 random bytes in base64' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l share-token -d 'Whether all sessions of the same account and store use one session token' -r -f -a "true\t''
false\t''"
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l realm -d 'The name of the platform behind a private gateway, so that the lockout guard counts for it and not for the gateway' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l max-login-failures -d 'How many logins may have failed, or be of unknown fate, before none is sent any more' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l timeout-ms -d 'The longest a call may take, from start to end' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l connect-timeout-ms -d 'The longest a new connection may take, TLS included' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l ca-file -d 'A PEM file of the root certificates to trust instead of the system\'s' -r -F
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l user-agent -d 'The User-Agent header' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -l max-response-bytes -d 'The longest answer to take; a login\'s is bounded to 64 KiB' -r
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -s q -l quiet -d 'Say nothing on standard error but what failed'
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -s v -l verbose -d 'Log to standard error: logins and renewals, with -vv every request'
complete -c thingspace -n "__fish_thingspace_using_subcommand completion" -s h -l help -d 'Print help (see more with \'--help\')'
