module rsac.test/cluster/tools

go 1.25
