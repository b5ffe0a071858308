# Made by hand
/* EDITOR Roundcube
 */
require ["comparator-i;ascii-numeric","date","ereject","fileinto","index","relational","vacation-seconds"];
# rule:[Between]
if allof (currentdate :value "ge" :comparator "i;ascii-numeric" "year" "2020", currentdate :zone "+0100" :value "lt" "iso8601" "2099-01-01T00:00:00+01:00")
{
	vacation :seconds 3600 :mime "Content-Type: text/plain\r\n\r\nbye";
}
# rule:[Old]
if date :index 1 :last :originalzone :value "lt" "date" "date" "2010-01-01"
{
	fileinto "Old";
}
# rule:[Sunday]
if false # date :zone "-0500" :is "received" "weekday" "0"
{
	ereject "Not on Sundays";
}
