#!/bin/sh
# settings get global NAME - the test phone's: the same lines as getprop's
value=$(getprop "$3")
echo "${value:-null}"
