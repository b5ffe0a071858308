require ["body","copy","envelope","fileinto","imap4flags","regex","reject","relational","subaddress","comparator-i;ascii-numeric"];
# rule:[Spam]
if header :contains "X-Spam-Flag" "YES"
{
	fileinto "INBOX.Spam";
	stop;
}
# rule:[Refused]
if header :is "Subject" "27 plaintext + (HTML + embedded image)"
{
	reject text:
Please write
plain text.
.
;
	stop;
}
# rule:[Lists [work]]
if anyof (header :contains ["To","Cc"] "shapelib@lists.maptools.org", header :is "List-Id" "<all.example.com>")
{
	fileinto :copy "INBOX.Lists";
	setflag ["\\Seen","$Label1"];
}
# rule:[Invoices]
if allof (address :domain :is "From" "supplier.example", not header :matches "Subject" "*reminder*")
{
	redirect :copy "books@example.com";
	addflag "\\Flagged";
	fileinto "INBOX.Bills \"2024\"";
	stop;
}
# rule:[Large]
if size :over 100K
{
	fileinto "INBOX.Large";
}
# rule:[Off]
if false # allof (header :contains "Subject" "holiday", size :under 2M)
{
	discard;
	stop;
}
# rule:[Detail]
if envelope :detail :is "to" "news"
{
	keep;
}
# rule:[Score]
if header :value "ge" :comparator "i;ascii-numeric" "X-Priority" "3"
{
	fileinto "INBOX.Priority";
}
# rule:[Two of them]
if header :count "ge" :comparator "i;ascii-numeric" "Received-SPF" "2"
{
	fileinto "INBOX.Twice";
}
# rule:[Raw]
if body :raw :contains "multipart"
{
	fileinto "INBOX.Raw";
}
# rule:[No test]
removeflag "\\Flagged";
