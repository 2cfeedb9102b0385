/**
 * Tokens with a prefix of their own, as most vendors now make them. A line: kind, prefixes (`[…]` for one of these characters), the characters that
 * follow, least and most of them. `a` begins a set that has A-Za-z0-9, `w` adds _ and -, `h` is a-f0-9, `u` A-Z0-9. Where least and most are the
 * same, nothing may follow that would make it longer. One kind may have several lines.
 */
export const TOKENS = `
aws-session-token IQoJb3JpZ2lu,FwoGZXIvYXdz,FQoGZXIvYXdz a+/=% 60 4000
aws-bedrock-api-key ABSK,bedrock-api-key- a+/= 100 1000
github-token gh[pousr]_ a 36
github-token github_pat_ a_ 60
gitlab-token glpat-,gldt-,glptt-,glrt-,glcbt-,glsoat-,glft-,gloas-,glagent-,glimt-,glffct-,GR1348941 w. 20
slack-token xox[abeoprs]-,xox[abeoprs].xox,xapp- a- 20
stripe-key [sr]k_live_,[sr]k_test_,[sr]k_prod_,whsec_ a 10
google-api-key AIza w 35 35
google-oauth-token ya29.,GOCSPX- w 20
npm-token npm_ a 36 36
pypi-token pypi-AgE w 50
twilio-key SK hA-F 32 32
anthropic-key sk-ant- w 30
openai-key sk-proj-,sk-svcacct-,sk-admin- w 30
vault-token hvs.,hvb. w 80
digitalocean-token do[opr]_v1_ h 64 64
shopify-token shpat_,shpca_,shppa_,shpss_ hA-F 32 32
databricks-token dapi h 32 32
grafana-token glsa_,glc_ w+/= 32
grafana-token eyJrIjoi w+/= 60 2000
postman-key PMAK- h- 50
linear-key lin_api_ a 40
notion-token ntn_ a 40
notion-token secret_ a 43 43
pulumi-token pul- h 40 40
square-token sq0atp-,sq0csp-,EAAA w 22
facebook-token EAA[A-Z] a 80 500
docker-token dckr_pat_,dckr_oat_ w 20
new-relic-key NRAK-,NRII-,NRJS- w 19
1password-token ops_eyJ a+/= 100 2000
age-key AGE-SECRET-KEY-1 u 58 58
intra42-secret s-s4t2ud-,s-s4t2af- h 64 64
mailgun-key key- h 32 32
service-token rubygems_,sbp_,bkua_,shippo_live_,shippo_test_ hA-F 40
service-token LTAI a 20 20
service-token API- u 26 26
service-token EZ[AT]K a 54 54
service-token p8e- h 32 32
service-token FLWSECK_TEST-,FLWPUBK_TEST- w 12
service-token sq[apu]_,sm_[aps]at_ a 16
service-token AKCp,AQVN,CFPAT-,CLOJARS_,cmVmd,dnkey-,dp.pt.,dp.st.,dt0c01.,duffel_test_,duffel_live_,figd_,fio-u-,fo1_,fm[12]_,gsk_,HRKU-,ico-,lsv2_pt_,lsv2_sk_,nfp_,pat-na1-,pat-eu1-,pk.eyJ,pnu_,pplx-,pscale_tkn_,pscale_oauth_,pscale_pw_,pubkey-,rdme_,sgp_,sha256~,sk-lf-,sntry[su]_,tfp_,tk-us-,tskey-,xai-,xkeysib- w.=/+ 32 2000
`
