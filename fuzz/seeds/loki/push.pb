
2
{app="web",host='a'}
€€€ºa line
kv